import { SpanKind } from '@opentelemetry/api';
import type { Info } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { sidOf } from '../contract/names.js';
import { inSpan } from '../tracing/in-span.js';
import { traceIn } from '../tracing/trace-context.js';

/** Runs each attempt of an activity in a span of the start's trace. */
export const traceActivity: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    execute(input, next) {
      const { activityType, attempt, workflowExecution } = info;
      const { workflowId = '', runId } = workflowExecution ?? {};
      return inSpan(
        `RunActivity:${activityType}`,
        {
          kind: SpanKind.SERVER,
          parent: traceIn(input.headers),
          attributes: {
            'conversation.id': sidOf(workflowId),
            'temporal.workflow.id': workflowId,
            'temporal.run.id': runId,
            'temporal.activity.type': activityType,
            'temporal.activity.attempt': attempt,
          },
          errorType: (error) => errorType(error, info),
        },
        () => next(input),
      );
    },
  },
});

function errorType(error: unknown, { attempt, retryPolicy }: Info): string | undefined {
  if (error instanceof CancelledFailure) return undefined;
  if (!(error instanceof ApplicationFailure)) return (error as Error).name;
  const isLast = attempt === retryPolicy?.maximumAttempts;
  // A readiness check that ends with "not ready yet" is a failure only if it is the last one.
  return error.category === ApplicationFailureCategory.BENIGN && !isLast ? undefined : (error.type ?? error.name);
}
