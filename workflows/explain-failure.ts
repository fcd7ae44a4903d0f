import { PayloadConverterError, RetryState, ValueError } from '@temporalio/common';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { ConversationLook, CreatedConversation, LookHeartbeat } from '../activities/interface.js';
import { type FailureDetails, type FailureType, failureTypes, notReadyYet } from '../contract/failures.js';
import { maximumCreates } from './policies.js';

/** The same bound as in the activities. An activity's own message can have any length. */
const maximumMessageCharacters = 1000;

/** How far the run got. */
export interface Progress {
  /** Absent if `createConversation` has never succeeded. */
  readonly created: CreatedConversation | undefined;
  readonly waitedMs: number;
}

/**
 * What the caller sees of an error: a failure type of the contract, a cancellation, or the error itself if it is a bug.
 */
export function explainFailure(error: unknown, progress: Progress): unknown {
  // The SDK can't serialize the input again. Thrown unchanged, this error would fail the workflow task again and again.
  if (error instanceof ValueError || error instanceof PayloadConverterError) {
    return fail('InvalidInput', `the input can't be passed on: ${error.message}`, { problems: [] });
  }
  if (!(error instanceof ActivityFailure)) return error;
  // When the run is cancelled, a look in flight may end with its own failure. The run is still cancelled.
  if (isCancellation(error) || error.retryState === RetryState.CANCEL_REQUESTED) {
    return new CancelledFailure('Workflow cancelled');
  }
  const { cause } = error;
  if (cause instanceof ApplicationFailure && isTold(cause.type)) {
    return ApplicationFailure.nonRetryable(cause.message, cause.type, ...(cause.details ?? []));
  }
  if (progress.created && error.activityType === 'checkConversationReady') {
    return notReady(progress.created, progress.waitedMs, cause);
  }
  const reason = cause?.message ?? error.message;
  return fail('NestedServerUnavailable', `${error.activityType} could not finish: ${reason}`, {});
}

/** Whether the input was refused. Then nothing was sent, and there is nothing to clean up. */
export function isInvalidInput(failure: unknown): boolean {
  return failure instanceof ApplicationFailure && failure.type === failureTypes.InvalidInput;
}

/** Whether the caller gets an activity's failure unchanged. A look's "not ready" describes only that look. */
function isTold(type: string | null | undefined): type is FailureType {
  return type != null && Object.hasOwn(failureTypes, type) && type !== failureTypes.ConversationNotReady;
}

/** All looks were used up. */
function notReady({ goal, readiness }: CreatedConversation, waitedMs: number, cause: unknown): ApplicationFailure {
  const { maximumAttempts, interval } = readiness;
  const { attempts = maximumAttempts, lastObservation } = lastLook(cause);
  // The usual reason, and what to do about it.
  const reason = goal.isReplay
    ? 'the server may not understand replayJson: was it recorded by a newer version?'
    : 'a setup script may need more readiness.maximumAttempts';
  const hint = lastObservation.includes('agent loading') ? `; ${reason}` : '';
  return fail(
    'ConversationNotReady',
    `${goal.sid} was not ready after ${attempts} looks, ${interval} apart: it was last seen ${lastObservation}${hint}`,
    { attempts, maximumAttempts, interval, waitedMs, lastObservation },
  );
}

/** Each look after a `createConversation` found more work for it. */
export function lostTooOften(
  { goal }: CreatedConversation,
  { seen }: Extract<ConversationLook, { ready: false }>,
): ApplicationFailure {
  const reason = `it does not settle: after ${maximumCreates} rounds of createConversation it is ${seen}`;
  return fail('ConversationFailed', `${goal.sid} failed: ${reason}`, { reason });
}

/** What the last look saw. If it timed out, only its heartbeat says so. */
function lastLook(cause: unknown): { readonly attempts?: number; readonly lastObservation: string } {
  if (cause instanceof ApplicationFailure && isNotReadyYet(cause.type)) {
    const [details] = (cause.details ?? []) as [FailureDetails['ConversationNotReady']?];
    return details ?? { lastObservation: cause.message };
  }
  if (cause instanceof TimeoutFailure) {
    const heartbeat = cause.lastHeartbeatDetails as Partial<LookHeartbeat> | undefined;
    return { lastObservation: `${heartbeat?.seen ?? 'not at all'} (the last look timed out)` };
  }
  return { lastObservation: cause instanceof Error ? cause.message : 'not at all' };
}

/** Knows both names of the type, because older workers may have made a look of this run. */
function isNotReadyYet(type: string | null | undefined): boolean {
  return type === notReadyYet || type === failureTypes.ConversationNotReady;
}

function fail<T extends FailureType>(type: T, message: string, details: FailureDetails[T]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(shorten(message), failureTypes[type], details);
}

/** Cuts at a valid character: half a surrogate pair can't be sent. */
function shorten(message: string): string {
  return message.slice(0, maximumMessageCharacters).toWellFormed();
}
