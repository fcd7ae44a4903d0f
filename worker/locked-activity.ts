import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { lockedFailureType, whyLocked } from '../contract/unreadable.js';

/** Another worker, or this one once it was started again, may have the key: that takes a while. */
const nextRetryDelay = '10 seconds';

/**
 * An activity whose input, or what an earlier attempt has left, this worker can't decrypt does nothing, and is tried again.
 * The workflow's interceptor starts it again where its attempts run out: see `locked-payload-interceptors.ts`.
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

/** An argument, and what it was made of: a workflow passes on what it was given. */
function withInner(argument: unknown): unknown[] {
  return typeof argument === 'object' && argument !== null ? [argument, ...Object.values(argument)] : [argument];
}
