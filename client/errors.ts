import { describeProblems } from '../contract/describe-problems.js';
import type { FailureDetails, FailureType, InputProblem } from '../contract/failures.js';
import { type ErrorOrigin, NestedConversationError } from '../contract/nested-conversation-error.js';
import type { ConversationStatus, RunState } from './conversation-status.js';

/** A start that failed: what the run's ApplicationFailure said. */
export abstract class ConversationError<T extends FailureType = FailureType> extends NestedConversationError<
  FailureDetails[T]
> {
  abstract readonly type: T;
}

/** Thrown when the input breaks the contract: before anything is started, or by the run of another client. */
export class InvalidInputError extends ConversationError<'InvalidInput'> {
  readonly type = 'InvalidInput';
  static of(problems: readonly InputProblem[], origin?: ErrorOrigin): InvalidInputError {
    return new InvalidInputError(describeProblems(problems), { problems }, origin);
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

/** Thrown when the readiness checks ran out before the conversation was ready. */
export class ConversationNotReadyError extends ConversationError<'ConversationNotReady'> {
  readonly type = 'ConversationNotReady';
}

/** Thrown when the conversation reached a state that it can't become ready from. */
export class ConversationFailedError extends ConversationError<'ConversationFailed'> {
  readonly type = 'ConversationFailed';
}

type ErrorOfType<T extends FailureType> = new (
  message: string,
  details: FailureDetails[T],
  origin?: ErrorOrigin,
) => ConversationError<T>;

const errorsByType: { readonly [T in FailureType]: ErrorOfType<T> } = {
  InvalidInput: InvalidInputError,
  ConversationRejected: ConversationRejectedError,
  Unauthorized: UnauthorizedError,
  NestedServerUnavailable: NestedServerUnavailableError,
  ConversationNotReady: ConversationNotReadyError,
  ConversationFailed: ConversationFailedError,
};

/** What a failure without details would have said. */
const defaultDetails: { readonly [T in FailureType]: FailureDetails[T] } = {
  InvalidInput: { problems: [] },
  ConversationRejected: {},
  Unauthorized: {},
  NestedServerUnavailable: {},
  ConversationNotReady: { attempts: 0, maximumAttempts: 0, interval: '', waitedMs: 0, lastObservation: '' },
  ConversationFailed: { reason: '' },
};

/** The error of a failure's type. What its details lack, of an older worker, has a default. */
export function conversationErrorOf<T extends FailureType>(
  type: T,
  { message, details, ...origin }: ErrorOrigin & { readonly message: string; readonly details?: unknown },
): ConversationError<T> {
  const given = typeof details === 'object' && details !== null ? details : {};
  return new errorsByType[type](message, { ...defaultDetails[type], ...given }, origin);
}

/** Thrown when the run failed with a type that is not in the contract: a defect of the worker, or a newer version of it. */
export class UnknownFailureError extends NestedConversationError<{ readonly type: string | undefined }> {}

/** Thrown when the run was cancelled, terminated or timed out: it has no outcome. */
export class ConversationAbortedError extends NestedConversationError<{ readonly how: AbortedHow }> {
  constructor(
    readonly how: AbortedHow,
    origin: ErrorOrigin & { readonly sid: string },
  ) {
    super(`The start of ${origin.sid} was ${how}`, { how }, origin);
  }
}

export type AbortedHow = 'cancelled' | 'terminated' | 'timed out';

/**
 * Thrown when the id belongs to a start of another user, or on another server. Nothing of that start is shown. What to
 * do: use another sid.
 */
export class ConversationTakenError extends NestedConversationError<{ readonly differs: 'user' | 'server' }> {
  constructor(differs: 'user' | 'server', origin: ErrorOrigin & { readonly sid: string }) {
    const whose = differs === 'user' ? 'for another user' : 'on another server';
    super(`Conversation ${origin.sid} was started ${whose}: use another sid`, { differs }, origin);
  }
}

export interface MessageNotSentDetails {
  /** What differs between the caller's input and that of the run that is there. */
  readonly differs: 'message' | 'images' | 'replay';
  /** The state of the run that is there: `running`, or how it ended, e.g. `ready`. */
  readonly run: RunState;
}

/**
 * Thrown when the conversation is there already, started with another message or replay: the caller's was **not** sent.
 * `details.run` says which case it is. What to do: where that run has ended, call again with `resume` to continue the
 * conversation with the message; where it runs, wait for its end first.
 */
export class MessageNotSentError extends NestedConversationError<MessageNotSentDetails> {
  constructor(details: MessageNotSentDetails, origin: ErrorOrigin & { readonly sid: string }) {
    super(describeNotSent(details, origin.sid), details, origin);
  }
}

function describeNotSent({ differs, run }: MessageNotSentDetails, sid: string): string {
  const [what, other] = {
    message: ['message was', 'another one'],
    images: ['images were', 'others'],
    replay: ['replay was', 'another one'],
  }[differs] as [string, string];
  const there =
    run === 'running'
      ? `it is being started with ${other}: wait for that, then start with resume`
      : `it was started with ${other} (${run}): start with resume to continue it`;
  return `The ${what} not sent to ${sid}: ${there}`;
}

/**
 * Thrown when the input of the run that is there can't be read, so that nobody can tell whether it is the same: nothing
 * was sent. What to do: use the encryption keys that it was started with, or another sid.
 */
export class StartNotComparableError extends NestedConversationError<{ readonly reason: string }> {
  constructor(reason: string, origin: ErrorOrigin & { readonly sid: string }) {
    super(`Can't tell whether ${origin.sid} was started with the same message: ${reason}`, { reason }, origin);
  }
}

/** Thrown when there is no run of this conversation. */
export class ConversationNotFoundError extends NestedConversationError {
  constructor(origin: ErrorOrigin & { readonly sid: string }) {
    const check = 'check the sid, the namespace and its retention';
    super(`Temporal knows no start of conversation ${origin.sid}: ${check}`, {}, origin);
  }
}

export interface WaitTimeoutDetails {
  /** As it was given, e.g. `'30 seconds'`. */
  readonly timeout: string;
  /** What was last seen; absent where Temporal never answered. */
  readonly status?: ConversationStatus | undefined;
}

/** Thrown when the caller's time limit ended before the start did. The start goes on: wait again, or cancel it. */
export class WaitTimeoutError extends NestedConversationError<WaitTimeoutDetails> {
  constructor(details: WaitTimeoutDetails, origin: ErrorOrigin & { readonly sid: string }) {
    const state = details.status
      ? 'its start goes on'
      : 'Temporal did not answer, so that it may not have been started';
    super(`${origin.sid} was not ready within ${details.timeout}: ${state}`, details, origin);
  }
}
