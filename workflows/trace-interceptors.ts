import type { Headers, WorkflowInterceptors } from '@temporalio/workflow';
import { traceHeader } from '../contract/names.js';

/**
 * Passes the trace of the workflow's start on to its activities and child workflows, without reading it, so that the
 * bundle does not need OpenTelemetry. The SDK looks for an export of this name.
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
