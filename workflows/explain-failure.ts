import { RetryState } from '@temporalio/common';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { ConversationLook, CreatedConversation } from '../activities/interface.js';
import { type FailureDetails, type FailureType, failureTypes } from '../contract/failures.js';

/** As in the activities: a failure has to be read, and an activity's own message can be of any length. */
const maximumMessageCharacters = 1000;

/** How far the run had come. */
export interface Progress {
  /** Absent where `createConversation` never succeeded. */
  readonly created: CreatedConversation | undefined;
  readonly waitedMs: number;
}

/** What a caller sees of an error: a failure type of the contract, a cancellation, or a bug as it is. */
export function explainFailure(error: unknown, progress: Progress): unknown {
  if (!(error instanceof ActivityFailure)) return error;
  // A look that was under way may end in a failure of its own: the run was cancelled all the same.
  if (isCancellation(error) || error.retryState === RetryState.CANCEL_REQUESTED) {
    return new CancelledFailure('Workflow cancelled');
  }
  const { cause } = error;
  if (cause instanceof ApplicationFailure && isFinal(cause.type)) {
    return ApplicationFailure.nonRetryable(cause.message, cause.type, ...(cause.details ?? []));
  }
  if (progress.created && error.activityType === 'checkConversationReady') {
    return notReady(progress.created, progress.waitedMs, cause);
  }
  const reason = cause?.message ?? error.message;
  return fail('NestedServerUnavailable', `${error.activityType} could not finish: ${reason}`, {});
}

/** Whether an activity's failure is the caller's as it stands; what a look calls not ready is one look's view. */
function isFinal(type: string | null | undefined): type is FailureType {
  return type != null && type in failureTypes && type !== failureTypes.ConversationNotReady;
}

/** The looks ran out, whatever the last one met. */
function notReady({ goal, readiness }: CreatedConversation, waitedMs: number, cause: unknown): ApplicationFailure {
  const { maximumAttempts, interval } = readiness;
  const { attempts = maximumAttempts, lastObservation } = lastLook(cause);
  // The usual innocent reason, and what to do about it.
  const hint = lastObservation.includes('loading') ? '; a set-up script may need more readiness.maximumAttempts' : '';
  return fail(
    'ConversationNotReady',
    `${goal.sid} was not ready after ${attempts} looks, ${interval} apart: it was last seen ${lastObservation}${hint}`,
    { attempts, maximumAttempts, interval, waitedMs, lastObservation },
  );
}

/** The server lost the conversation each time that it was created. */
export function lostTooOften(
  { goal }: CreatedConversation,
  { seen }: Extract<ConversationLook, { ready: false }>,
): ApplicationFailure {
  const reason = `the server keeps losing it: after each create it was ${seen}`;
  return fail('ConversationFailed', `${goal.sid} failed: ${reason}`, { reason });
}

/** What the last look saw. One that timed out has only its heartbeat to tell. */
function lastLook(cause: unknown): { readonly attempts?: number; readonly lastObservation: string } {
  if (cause instanceof ApplicationFailure && cause.type === failureTypes.ConversationNotReady) {
    const [details] = (cause.details ?? []) as [FailureDetails['ConversationNotReady']];
    return details;
  }
  if (cause instanceof TimeoutFailure) {
    const heartbeat = cause.lastHeartbeatDetails as { seen?: string } | undefined;
    return { lastObservation: `${heartbeat?.seen ?? 'not at all'} (the last look timed out)` };
  }
  return { lastObservation: cause instanceof Error ? cause.message : 'not at all' };
}

function fail<T extends FailureType>(type: T, message: string, details: FailureDetails[T]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message.slice(0, maximumMessageCharacters), failureTypes[type], details);
}
