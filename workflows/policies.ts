import type { Duration } from '@temporalio/common';
import { ActivityCancellationType, type ActivityOptions } from '@temporalio/workflow';
import type { CreatedConversation } from '../activities/interface.js';
import { toMilliseconds } from '../contract/duration.js';

/** Said explicitly: the default does not wait, and a clean-up could overtake a POST that is still in flight. */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

/**
 * No schedule-to-close bound, here and for the looks: a worker outage must not fail a start.
 *
 * Twelve attempts with back-off span two minutes of waiting: a nested server takes 10 to 20 s to restart, a runtime
 * behind a load balancer up to a minute.
 */
export const createPolicy: ActivityOptions = {
  summary: 'create it, or finish what an earlier attempt began',
  // A backstop: what bounds an attempt is its requests' deadlines (client.timeout, at the most 5 minutes each).
  startToCloseTimeout: '45 minutes',
  // Long enough for what comes before the first heartbeat: a few reads, and a replay that is fetched; short enough to notice a dead worker.
  heartbeatTimeout: '30 seconds',
  cancellationType,
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 2,
    maximumInterval: '15 seconds',
    maximumAttempts: 12,
  },
};

/** As for a create: what a repository and its script may take is bounded by their own limits, on the server. */
export const preparePolicy: ActivityOptions = {
  ...createPolicy,
  summary: 'put the repository into the working directory, and run its set-up script',
  // A backstop again: three tries of two jobs, of an hour each at the most.
  startToCloseTimeout: '8 hours',
};

/**
 * How often a run creates its conversation at the most. Four cover a restart of the nested server (create again), then
 * waking the agent for the message that survived it, and one more restart; beyond that the server does not hold.
 */
export const maximumCreates = 4;

/** What a look may take beyond its own deadline: to be picked up, to be reported. */
const lookMarginMs = 5_000;

/**
 * The readiness policy: the fixed interval and the maximum attempts of the input. Temporal holds the interval and
 * counts the looks; there is no other polling loop.
 */
export function readinessPolicy(readiness: CreatedConversation['readiness'], attemptsBefore: number): ActivityOptions {
  return {
    summary: `a look every ${readiness.interval}, ${readiness.maximumAttempts} at the most`,
    startToCloseTimeout: toMilliseconds(readiness.lookTimeout) + lookMarginMs,
    // For what comes with heartbeats: a cancellation, and what was seen. A dead worker is found out by the line above.
    heartbeatTimeout: '1 minute',
    cancellationType,
    retry: {
      initialInterval: readiness.interval as Duration,
      backoffCoefficient: 1,
      maximumAttempts: readiness.maximumAttempts - attemptsBefore,
    },
  };
}

/** Cleaning up is worth a try and another, not a wait: it must not hold the failure that led to it. */
export const stopPolicy: ActivityOptions = {
  summary: 'stop the conversation, as onFailure says',
  startToCloseTimeout: '15 seconds',
  scheduleToCloseTimeout: '1 minute',
  cancellationType,
  retry: { maximumAttempts: 2 },
};
