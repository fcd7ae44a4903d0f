import { WorkflowFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { connectClient, loadTemporalConfig } from 'nested-conversations/client';
import { taskQueue } from './task-queue.js';
import type { openWorkspace } from './workflows.js';

/** `npm run open -- <conversation id> <message>` */
const [conversationId = 'conv1', message = 'Fix the build'] = process.argv.slice(2);

const client = await connectClient(loadTemporalConfig());
try {
  const workspace = await client.workflow.execute<typeof openWorkspace>('openWorkspace', {
    taskQueue,
    workflowId: `workspace-${conversationId}`,
    args: [{ conversationId, userId: 'ada', message }],
  });
  console.log(JSON.stringify(workspace));
} catch (error) {
  if (!(error instanceof WorkflowFailedError)) throw error;
  // The child's failure, or the activity's, is below the workflow's.
  const failure = (error.cause?.cause ?? error.cause) as ApplicationFailure | undefined;
  console.log(JSON.stringify({ type: failure?.type, message: failure?.message }));
  process.exitCode = 1;
} finally {
  await client.connection.close();
}
