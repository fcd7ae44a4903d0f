import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { lockedFailureType, whyLocked } from '../contract/unreadable.js';

/** Gives another worker, or this one after a restart with the key, time to take up the activity. */
const nextRetryDelay = '10 seconds';

/**
 * If this worker can't decrypt the activity's input or an earlier attempt's heartbeat, the activity does nothing and is
 * retried. When its attempts run out, the workflow's interceptor schedules it again: see
 * `locked-payload-interceptors.ts`.
 */
export const lockedActivity: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    execute(input, next) {
      const reason = [...input.args.flatMap(withInner), info.heartbeatDetails].map(whyLocked).find(Boolean);
      if (reason === undefined) return next(input);
      throw ApplicationFailure.create({
        type: lockedFailureType,
        message: reason,
        nextRetryDelay,
        category: ApplicationFailureCategory.BENIGN,
      });
    },
  },
});

/** An argument and its fields: a workflow's input may be a field of an activity's. */
function withInner(argument: unknown): unknown[] {
  return typeof argument === 'object' && argument !== null ? [argument, ...Object.values(argument)] : [argument];
}
