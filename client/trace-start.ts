import { SpanKind } from '@opentelemetry/api';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { workflowIdOf, workflowType } from '../contract/names.js';
import { inSpan } from '../tracing/in-span.js';
import { withTrace } from '../tracing/trace-context.js';
import type { StartedConversation } from './start-or-attach.js';

/**
 * Runs a start in one span that covers all of its calls. Workflows that `work` starts with `carryTrace` continue the
 * trace.
 */
export function traceStart(sid: string, work: () => Promise<StartedConversation>): Promise<StartedConversation> {
  return inSpan(
    `StartWorkflow:${workflowType}`,
    {
      kind: SpanKind.CLIENT,
      attributes: { 'conversation.id': sid, 'temporal.workflow.id': workflowIdOf(sid) },
      errorType: (error) => (error as Error).name,
    },
    async (span) => {
      const started = await work();
      span.setAttributes({ 'temporal.run.id': started.runId, 'conversation.attached': started.attached });
      return started;
    },
  );
}

/** Passes the active trace to the workflows that a Temporal client starts. */
export const carryTrace: WorkflowClientInterceptor = {
  startWithDetails: (input, next) => next({ ...input, headers: withTrace(input.headers) }),
};
