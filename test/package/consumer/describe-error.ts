import {
  ConversationFailedError,
  ConversationNotReadyError,
  ConversationRejectedError,
  InvalidInputError,
  NestedServerUnavailableError,
  UnauthorizedError,
} from 'nested-conversations/client';
import type { FailureDetails, FailureType } from 'nested-conversations/contract';

/** Compiles only if each class has its own, typed details. */
export function describeError(error: unknown): string {
  if (error instanceof InvalidInputError) return error.details.problems.map(({ field }) => field).join();
  if (error instanceof ConversationRejectedError) return String(error.details.msgId satisfies string | undefined);
  if (error instanceof UnauthorizedError) return String(error.details.status satisfies number | undefined);
  if (error instanceof NestedServerUnavailableError) return String(error.details.url satisfies string | undefined);
  if (error instanceof ConversationNotReadyError) {
    // @ts-expect-error: a detail that there is not
    error.details.reason;
    return `${error.details.attempts.toFixed()} looks: ${error.details.lastObservation.trim()}`;
  }
  if (error instanceof ConversationFailedError) return error.details.reason.trim();
  throw error;
}

/** The same for a reader of an ApplicationFailure. */
export function attemptsOf(type: FailureType, details: FailureDetails['ConversationNotReady']): number {
  return type === 'ConversationNotReady' ? details.attempts : 0;
}
