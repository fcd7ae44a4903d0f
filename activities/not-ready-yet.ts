import { Context } from '@temporalio/activity';
import { ApplicationFailure, type ApplicationFailureCategory } from '@temporalio/common';
import { type FailureDetails, notReadyYet } from '../contract/failures.js';
import { printableSid } from '../contract/printing/printable-sid.js';
import type { CheckConversationReadyInput } from './interface.js';

/** Looks made in this run, including the present one. */
export function attemptsOf({ attemptsBefore = 0 }: Pick<CheckConversationReadyInput, 'attemptsBefore'>): number {
  return attemptsBefore + Context.current().info.attempt;
}

/**
 * The failure of a look that did not find the conversation ready. It is retried, and the retry is the next look.
 *
 * @param lastObservation What the look saw, already masked and shortened.
 */
export function notReadyYetFailure(
  input: Pick<CheckConversationReadyInput, 'goal' | 'readiness' | 'attemptsBefore'>,
  lastObservation: string,
  category?: ApplicationFailureCategory,
): ApplicationFailure {
  const { maximumAttempts, interval } = input.readiness;
  const { scheduledTimestampMs, currentAttemptScheduledTimestampMs, workflowExecution } = Context.current().info;
  const attempts = attemptsOf(input);
  const more = attempts < maximumAttempts ? `next in ${interval}` : 'the last';
  const waitedMs = currentAttemptScheduledTimestampMs - scheduledTimestampMs;
  const details: FailureDetails['ConversationNotReady'] = {
    attempts,
    maximumAttempts,
    interval,
    waitedMs,
    lastObservation,
  };
  const sid = printableSid(input.goal.sid, workflowExecution?.workflowId);
  const failure = ApplicationFailure.create({
    type: notReadyYet,
    message: `${sid} is ${lastObservation}; look ${attempts} of ${maximumAttempts}, ${more}`,
    details: [details],
    ...(category && { category }),
  });
  // The stack would only point at this function.
  failure.stack = '';
  return failure;
}
