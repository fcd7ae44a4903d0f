import type { Headers, WorkflowInterceptors } from '@temporalio/workflow';
import { traceHeader } from '../contract/names.js';

/**
 * Passes the trace that the workflow was started in to its activities and child workflows, unread, so that the bundle
 * needs nothing of OpenTelemetry. The SDK looks for this name.
 */
export function interceptors(): WorkflowInterceptors {
  let handedOn: Headers = {};
  return {
    inbound: [
      {
        execute(input, next) {
          const { [traceHeader]: trace } = input.headers;
          if (trace) handedOn = { [traceHeader]: trace };
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next({ ...input, headers: { ...handedOn, ...input.headers } }),
        startChildWorkflowExecution: (input, next) => next({ ...input, headers: { ...handedOn, ...input.headers } }),
      },
    ],
  };
}
