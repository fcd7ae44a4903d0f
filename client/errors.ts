import type { FailureDetails, FailureType, InputProblem } from '../contract/failures.js';
import { describeProblems } from '../contract/input.js';

/** A start that failed: what the run's ApplicationFailure said. */
export abstract class ConversationError<T extends FailureType> extends Error {
  abstract readonly type: T;
  constructor(
    message: string,
    readonly details: FailureDetails[T],
  ) {
    super(message);
    this.name = new.target.name;
  }
}

/** Thrown when the input breaks the contract: before anything is started, or by the run of another client. */
export class InvalidInputError extends ConversationError<'InvalidInput'> {
  readonly type = 'InvalidInput';
  static of(problems: readonly InputProblem[]): InvalidInputError {
    return new InvalidInputError(describeProblems(problems), { problems });
  }
}

/** Thrown when the nested server said no. */
export class ConversationRejectedError extends ConversationError<'ConversationRejected'> {
  readonly type = 'ConversationRejected';
}

/** Thrown when the nested server refused the session API key. */
export class UnauthorizedError extends ConversationError<'Unauthorized'> {
  readonly type = 'Unauthorized';
}

/** Thrown when the nested server could not be reached, for as long as `createConversation` tried. */
export class NestedServerUnavailableError extends ConversationError<'NestedServerUnavailable'> {
  readonly type = 'NestedServerUnavailable';
}

/** Thrown when the looks ran out before the conversation was ready. */
export class ConversationNotReadyError extends ConversationError<'ConversationNotReady'> {
  readonly type = 'ConversationNotReady';
}

/** Thrown when the conversation reached a state that it can't become ready from. */
export class ConversationFailedError extends ConversationError<'ConversationFailed'> {
  readonly type = 'ConversationFailed';
}

export const conversationErrors: {
  readonly [T in FailureType]: new (
    message: string,
    details: FailureDetails[T],
  ) => ConversationError<T>;
} = {
  InvalidInput: InvalidInputError,
  ConversationRejected: ConversationRejectedError,
  Unauthorized: UnauthorizedError,
  NestedServerUnavailable: NestedServerUnavailableError,
  ConversationNotReady: ConversationNotReadyError,
  ConversationFailed: ConversationFailedError,
};

/** Thrown when the run was cancelled, terminated or timed out: it has no outcome. */
export class ConversationAbortedError extends Error {
  override readonly name = 'ConversationAbortedError';
  constructor(
    readonly sid: string,
    readonly how: 'cancelled' | 'terminated' | 'timed out',
  ) {
    super(`The start of ${sid} was ${how}`);
  }
}

/** Thrown when the id belongs to a start of another user, or on another server. Nothing of that start is shown. */
export class ConversationTakenError extends Error {
  override readonly name = 'ConversationTakenError';
  constructor(readonly sid: string) {
    super(`Conversation ${sid} was started for another user or on another server (as its memo tells): use another sid`);
  }
}

/** Thrown when there is no run of this conversation. */
export class ConversationNotFoundError extends Error {
  override readonly name = 'ConversationNotFoundError';
  constructor(readonly sid: string) {
    super(`Temporal knows no start of conversation ${sid}: check the sid, the namespace and its retention`);
  }
}
