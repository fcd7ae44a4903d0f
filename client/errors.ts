import { describeProblems } from '../contract/describe-problems.js';
import type { FailureDetails, FailureType, InputProblem } from '../contract/failures.js';
import { type ErrorOrigin, NestedConversationError } from '../contract/nested-conversation-error.js';
import type { ConversationStatus, RunState } from './conversation-status.js';

/** A failed conversation start, from the run's ApplicationFailure. */
export abstract class ConversationError<T extends FailureType = FailureType> extends NestedConversationError<
  FailureDetails[T]
> {
  abstract readonly type: T;
}

/** Thrown when the input is invalid: before anything is started, or by a run that another client started. */
export class InvalidInputError extends ConversationError<'InvalidInput'> {
  readonly type = 'InvalidInput';
  static of(problems: readonly InputProblem[], origin?: ErrorOrigin): InvalidInputError {
    return new InvalidInputError(describeProblems(problems), { problems }, origin);
  }
}

/** Thrown when the nested server rejected the request. */
export class ConversationRejectedError extends ConversationError<'ConversationRejected'> {
  readonly type = 'ConversationRejected';
}

/** Thrown when the nested server rejected the session API key. */
export class UnauthorizedError extends ConversationError<'Unauthorized'> {
  readonly type = 'Unauthorized';
}

/** Thrown when the nested server could not be reached in any attempt of `createConversation`. */
export class NestedServerUnavailableError extends ConversationError<'NestedServerUnavailable'> {
  readonly type = 'NestedServerUnavailable';
}

/** Thrown when the conversation was not ready after the last readiness check. */
export class ConversationNotReadyError extends ConversationError<'ConversationNotReady'> {
  readonly type = 'ConversationNotReady';
}

/** Thrown when the conversation is in a state from which it can't become ready. */
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

/** Used for details that a failure lacks. */
const defaultDetails: { readonly [T in FailureType]: FailureDetails[T] } = {
  InvalidInput: { problems: [] },
  ConversationRejected: {},
  Unauthorized: {},
  NestedServerUnavailable: {},
  ConversationNotReady: { attempts: 0, maximumAttempts: 0, interval: '', waitedMs: 0, lastObservation: '' },
  ConversationFailed: { reason: '' },
};

/** The error for a failure type. Details that an older worker did not set get a default. */
export function conversationErrorOf<T extends FailureType>(
  type: T,
  { message, details, ...origin }: ErrorOrigin & { readonly message: string; readonly details?: unknown },
): ConversationError<T> {
  const given = typeof details === 'object' && details !== null ? details : {};
  return new errorsByType[type](message, { ...defaultDetails[type], ...given }, origin);
}

/**
 * Thrown when the run failed with a type that is not in the contract: a bug in the worker, or a newer version of it.
 */
export class UnknownFailureError extends NestedConversationError<{ readonly type: string | undefined }> {}

/** Thrown when the run was cancelled, terminated or timed out, so that it has no result. */
export class ConversationAbortedError extends NestedConversationError<{ readonly how: AbortedHow }> {
  constructor(
    readonly how: AbortedHow,
    origin: ErrorOrigin & { readonly sid: string },
  ) {
    super(`The start of ${origin.sid} was ${how}`, { how }, origin);
  }
}

export type AbortedHow = 'cancelled' | 'terminated' | 'timed out';

/** What an existing run with the same sid is for: another user, another server, or another workflow type. */
export type TakenBy = 'user' | 'server' | 'workflow';

const describeTaken: { readonly [by in TakenBy]: string } = {
  user: 'was started for another user',
  server: 'was started on another server',
  workflow: 'has the workflow id of a workflow of another type',
};

/**
 * Thrown when the sid is used by a start of another user, or on another server, or when its workflow id is used by a
 * workflow of another type. The error reveals nothing about that run. To fix: use another sid.
 */
export class ConversationTakenError extends NestedConversationError<{ readonly differs: TakenBy }> {
  constructor(differs: TakenBy, origin: ErrorOrigin & { readonly sid: string }) {
    super(`Conversation ${origin.sid} ${describeTaken[differs]}: use another sid`, { differs }, origin);
  }
}

export interface MessageNotSentDetails {
  /** What differs between the caller's input and that of the existing run. */
  readonly differs: 'message' | 'images' | 'replay';
  /** The state of the existing run: `running`, or how it ended, e.g. `ready`. */
  readonly run: RunState;
}

/**
 * Thrown when the conversation was already started with another message or replay. The caller's message was **not**
 * sent. `details.run` is the state of the existing run. To fix: if the run has ended, call again with `resume` to
 * continue the conversation with the message. If it is running, wait for its end first.
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
 * Thrown when the existing run's input can't be read, so that it can't be compared. Nothing was sent. To fix: use the
 * encryption keys that the run was started with, or another sid.
 */
export class StartNotComparableError extends NestedConversationError<{ readonly reason: string }> {
  constructor(reason: string, origin: ErrorOrigin & { readonly sid: string }) {
    super(`Can't tell whether ${origin.sid} was started with the same message: ${reason}`, { reason }, origin);
  }
}

/** Thrown when the conversation has no run. */
export class ConversationNotFoundError extends NestedConversationError {
  constructor(origin: ErrorOrigin & { readonly sid: string }) {
    const check = 'check the sid, the namespace and its retention';
    super(`Temporal has no start of conversation ${origin.sid}: ${check}`, {}, origin);
  }
}

export interface WaitTimeoutDetails {
  /** The caller's time limit, e.g. `'30 seconds'`. */
  readonly timeout: string;
  /** The last known status. Absent if Temporal never answered. */
  readonly status?: ConversationStatus | undefined;
}

/** Thrown when the caller's time limit ended before the start did. The start continues: wait again, or cancel it. */
export class WaitTimeoutError extends NestedConversationError<WaitTimeoutDetails> {
  constructor(details: WaitTimeoutDetails, origin: ErrorOrigin & { readonly sid: string }) {
    const state = details.status ? 'its start continues' : 'Temporal did not answer, so it may not have been started';
    super(`${origin.sid} was not ready within ${details.timeout}: ${state}`, details, origin);
  }
}
