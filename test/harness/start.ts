import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { CreateNestedConversationResult } from '../../contract/input.js';
import { defaultTaskQueue, workflowIdOf, workflowType } from '../../contract/names.js';
import type { Temporal } from './temporal.js';

/** Starts the workflow like a plain client, without checking the input. */
export function start(temporal: Temporal, input: unknown, taskQueue = defaultTaskQueue): Promise<WorkflowHandle> {
  return temporal.env.client.workflow.start(workflowType, {
    taskQueue,
    workflowId: workflowIdOf(randomUUID()),
    args: input === undefined ? [] : [input],
  });
}

/** Runs the workflow to its end. */
export async function run(
  temporal: Temporal,
  input: unknown,
  taskQueue?: string,
): Promise<CreateNestedConversationResult> {
  const handle = await start(temporal, input, taskQueue);
  return handle.result();
}
