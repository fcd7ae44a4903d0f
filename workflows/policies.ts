import type { Duration } from '@temporalio/common';
import { ActivityCancellationType, type ActivityOptions } from '@temporalio/workflow';
import type { CreatedConversation } from '../activities/interface.js';
import { toMilliseconds } from '../contract/duration.js';

/** Set explicitly: the default does not wait, so a cleanup could overtake a POST that is still in flight. */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

/**
 * There is no schedule-to-close timeout, here and for the looks: a worker outage must not fail a conversation start.
 *
 * Twelve attempts with backoff span two minutes: a nested server takes 10 to 20 s to restart, a runtime behind a load
 * balancer up to a minute.
 */
export const createPolicy: ActivityOptions = {
  summary: 'create it, or finish what an earlier attempt began',
  // A backstop. The deadlines of its requests bound an attempt (client.timeout, at most 5 minutes each).
  startToCloseTimeout: '45 minutes',
  // Long enough for the work before the first heartbeat (a few reads, and fetching a replay). Short enough to detect a
  // dead worker.
  heartbeatTimeout: '30 seconds',
  cancellationType,
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 2,
    maximumInterval: '15 seconds',
    maximumAttempts: 12,
  },
};

/** Like a create. The repository and its script have limits of their own, on the server. */
export const preparePolicy: ActivityOptions = {
  ...createPolicy,
  summary: 'put the repository into the working directory, and run its setup script',
  // A backstop: three tries of two jobs, of at most an hour each.
  startToCloseTimeout: '8 hours',
};

/**
 * The maximum number of times that a run creates its conversation. Four cover a restart of the nested server (create
 * again), waking the agent for the message that survived it, and one more restart. A server that needs more does not
 * keep its conversations.
 */
export const maximumCreates = 4;

/** The time that a look may take beyond its own deadline, to be picked up by a worker and to report its result. */
const lookMarginMs = 5_000;

/**
 * The readiness policy: the fixed interval and the maximum attempts of the input. Temporal holds the interval and
 * counts the looks; there is no other polling loop.
 */
export function readinessPolicy(readiness: CreatedConversation['readiness'], attemptsBefore: number): ActivityOptions {
  return {
    summary: `a look every ${readiness.interval}, at most ${readiness.maximumAttempts}`,
    startToCloseTimeout: toMilliseconds(readiness.lookTimeout) + lookMarginMs,
    // Heartbeats carry cancellations and what was seen. The start-to-close timeout above already detects a dead worker.
    heartbeatTimeout: '1 minute',
    cancellationType,
    retry: {
      initialInterval: readiness.interval as Duration,
      backoffCoefficient: 1,
      maximumAttempts: readiness.maximumAttempts - attemptsBefore,
    },
  };
}

/** Cleanup gets two attempts and no long wait: it must not delay the original failure. */
export const stopPolicy: ActivityOptions = {
  summary: 'stop the conversation, as onFailure says',
  startToCloseTimeout: '15 seconds',
  scheduleToCloseTimeout: '1 minute',
  cancellationType,
  retry: { maximumAttempts: 2 },
};
