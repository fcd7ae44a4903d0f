/**
 * How a conversation start can fail: the `type` of the ApplicationFailure that the caller sees. Each type has typed
 * details. No zod here: the workflow bundle imports this file.
 */
export const failureTypes = {
  /** The input breaks the contract. Not retried: the same input is refused again. */
  InvalidInput: 'InvalidInput',
  /**
   * The nested server rejected the request, or the worker is not allowed to send to it. Not retried: the answer would
   * be the same.
   */
  ConversationRejected: 'ConversationRejected',
  /** The nested server rejected the session API key. Not retried: the caller must pass another key. */
  Unauthorized: 'Unauthorized',
  /** `createConversation` got no usable answer. Retried with backoff; the caller sees it after the last attempt. */
  NestedServerUnavailable: 'NestedServerUnavailable',
  /** The conversation was not ready after `readiness.maximumAttempts` readiness checks. */
  ConversationNotReady: 'ConversationNotReady',
  /** The conversation is in a state from which it can't become ready. Not retried. */
  ConversationFailed: 'ConversationFailed',
} as const;

export type FailureType = keyof typeof failureTypes;

/**
 * The failure type of a readiness check ("look") that found the conversation not ready yet. The caller never sees it.
 * Older workers used `ConversationNotReady` for this, too.
 */
export const notReadyYet = 'NotReadyYet';

/** How to fix each failure. Shown in docs/contract.md and in the current details of a failed run. */
export const whatToDo: { readonly [T in FailureType]: string } = {
  InvalidInput: 'correct the fields; nothing was sent',
  ConversationRejected: 'fix what the message and `details.msgId` say, then start again',
  Unauthorized: 'pass a valid `client.sessionApiKey`',
  NestedServerUnavailable: 'check the nested server, then start again: the message is not sent twice',
  ConversationNotReady:
    "read `details.lastObservation`; a repository's setup script may need more `readiness.maximumAttempts`",
  ConversationFailed: 'fix what `details.reason` says, then start again',
};

/** The types that end a start at once, in any activity, because a retry can't help. */
export const finalFailureTypes: ReadonlySet<FailureType> = new Set([
  'InvalidInput',
  'ConversationRejected',
  'Unauthorized',
  'ConversationFailed',
]);

/** One problem in the input. */
export interface InputProblem {
  /** Dotted path of the field, e.g. `readiness.interval`; empty for the input as a whole. */
  readonly field: string;
  readonly problem: string;
}

/** The request that failed. The URL contains no secrets. */
export interface RequestDetails {
  readonly method?: string;
  readonly url?: string;
  /** HTTP status, if the server answered. */
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
    /** Number of readiness checks, including the first. */
    readonly attempts: number;
    readonly maximumAttempts: number;
    /** As in the input, a Temporal duration string. */
    readonly interval: string;
    /** Time from the start of the workflow to its failure. */
    readonly waitedMs: number;
    /** What the last readiness check found, e.g. `STARTING (agent loading)`. */
    readonly lastObservation: string;
  };
  ConversationFailed: {
    /** The reason, as the server gave it. */
    readonly reason: string;
  };
}
