import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  type WorkflowInterceptors,
} from '@temporalio/workflow';
import { lockedFailureType, whyLocked, whyMessageLocked } from '../contract/unreadable.js';

/**
 * When a worker has no key for a payload that the workflow reads, the workflow only waits and its task fails. Temporal
 * then hands the task to a worker that may have the key, and the run continues there. A cancellation ends the run at
 * once. The SDK looks for an export of this name.
 *
 * Each promise of a workflow costs a stack trace, so there is one for each activity, and none for a workflow.
 */
export function interceptors(): WorkflowInterceptors {
  let missing: string | undefined;

  /** Never resolves unless cancelled: the task fails, and the next worker replays the history. */
  async function untilCancelled(reason: string): Promise<never> {
    missing = reason;
    try {
      return await CancellationScope.current().cancelRequested;
    } finally {
      missing = undefined;
    }
  }

  function unlessLocked(result: unknown): unknown {
    const reason = whyLocked(result);
    return reason === undefined ? result : untilCancelled(reason);
  }

  function unlessFailureLocked(error: unknown): Promise<never> {
    const reason = whyFailureLocked(error);
    if (reason === undefined) throw error;
    return untilCancelled(reason);
  }

  return {
    internals: [
      {
        concludeActivation(input, next) {
          if (missing !== undefined) throw new Error(missing);
          return next(input);
        },
      },
    ],
    inbound: [
      {
        execute(input, next) {
          const reason = input.args.map(whyLocked).find(Boolean);
          return reason === undefined ? next(input) : untilCancelled(reason);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity(input, next) {
          // A cleanup that can't be cancelled. Its result is not read.
          if (!CancellationScope.current().cancellable) return next(input);
          const schedule = (): Promise<unknown> => next(input).then(unlessLocked, orAgain);
          // If no worker could read the activity's input, the activity was never tried.
          const orAgain = (error: unknown) => (isAboutLockedInput(error) ? schedule() : unlessFailureLocked(error));
          return schedule();
        },
        async startChildWorkflowExecution(input, next) {
          const [started, ended] = await next(input);
          const read = ended.then(unlessLocked, unlessFailureLocked);
          // The workflow may not await it.
          read.catch(() => undefined);
          return [started, read];
        },
      },
    ],
  };
}

function whyFailureLocked(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const details = cause instanceof ApplicationFailure ? (cause.details ?? []) : [];
    const reason = whyMessageLocked(cause.message) ?? details.map(whyLocked).find(Boolean);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function isAboutLockedInput(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === lockedFailureType
  );
}
