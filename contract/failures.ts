/**
 * How a start can fail: the `type` of the ApplicationFailure that a caller sees, each with typed details.
 * No zod here: the workflow bundle imports this file.
 */
export const failureTypes = {
  /** The input breaks the contract. Not retried: the same input is refused again. */
  InvalidInput: 'InvalidInput',
  /** The nested server said no, or the worker may not send to it. Not retried: the answer would be no again. */
  ConversationRejected: 'ConversationRejected',
  /** The nested server refused the session API key. Not retried: the key must change. */
  Unauthorized: 'Unauthorized',
  /** `createConversation` could not get through. Retried with back-off; seen by a caller when the attempts ran out. */
  NestedServerUnavailable: 'NestedServerUnavailable',
  /** The looks ran out before the conversation was ready. */
  ConversationNotReady: 'ConversationNotReady',
  /** The conversation reached a state that it can't become ready from. Not retried. */
  ConversationFailed: 'ConversationFailed',
} as const;

export type FailureType = keyof typeof failureTypes;

/**
 * The type of a look that found the conversation not ready yet: no failure of a start, and never what a caller sees.
 * Workers of before called it `ConversationNotReady`, as they called the failure of a start whose looks ran out.
 */
export const notReadyYet = 'NotReadyYet';

/** What a person does about a failure: in docs/contract.md, and in the current details of a run that failed. */
export const whatToDo: { readonly [T in FailureType]: string } = {
  InvalidInput: 'correct the fields; nothing was sent',
  ConversationRejected: 'fix what the message and `details.msgId` say, then start again',
  Unauthorized: 'pass a valid `client.sessionApiKey`',
  NestedServerUnavailable: 'check the nested server, then start again: the message is not sent twice',
  ConversationNotReady:
    "read `details.lastObservation`; a repository's set-up script may need more `readiness.maximumAttempts`",
  ConversationFailed: 'fix what `details.reason` says, then start again',
};

/** The types that end a start at once, wherever they come up: trying again can't help. */
export const finalFailureTypes: ReadonlySet<FailureType> = new Set([
  'InvalidInput',
  'ConversationRejected',
  'Unauthorized',
  'ConversationFailed',
]);

/** One thing wrong with the input: where, and what to do about it. */
export interface InputProblem {
  /** Dotted path of the field, e.g. `readiness.interval`; empty for the input as a whole. */
  readonly field: string;
  readonly problem: string;
}

/** What a request to the nested server came to; the URL carries no secrets. */
export interface RequestDetails {
  readonly method?: string;
  readonly url?: string;
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  /** The server's own name for its error, e.g. `CONFIGURATION$SETTINGS_NOT_FOUND`. */
  readonly msgId?: string;
}

/** The details of each failure type: the first (and only) element of `ApplicationFailure.details`. */
export interface FailureDetails {
  InvalidInput: { readonly problems: readonly InputProblem[] };
  ConversationRejected: RequestDetails;
  Unauthorized: RequestDetails;
  NestedServerUnavailable: RequestDetails;
  ConversationNotReady: {
    /** Looks made, the first included. */
    readonly attempts: number;
    readonly maximumAttempts: number;
    /** As in the input, a Temporal duration string. */
    readonly interval: string;
    /** From the start of the workflow to its failure. */
    readonly waitedMs: number;
    /** What the last look saw, e.g. `STARTING (agent loading)`. */
    readonly lastObservation: string;
  };
  ConversationFailed: {
    /** The server's reason, in its words. */
    readonly reason: string;
  };
}
