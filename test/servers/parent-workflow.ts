import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { executeChild, ParentClosePolicy, proxyActivities } from '@temporalio/workflow';
import type { EnsureReadyActivities } from '../../client/ensure-ready-activity.js';
import type { CreateNestedConversationInput } from '../../contract/conversation-input.js';
import { startOptionsOf } from '../../contract/start-options.js';

export { createNestedConversation } from '../../workflows/create-nested-conversation.js';

/** A service's own workflow, as in docs/embedding.md. */

const { ensureConversationReady, newestConversationRun } = proxyActivities<EnsureReadyActivities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '30 seconds',
});

interface Options {
  readonly taskQueue: string;
  readonly resume: boolean;
}

export async function parent(input: CreateNestedConversationInput, { taskQueue, resume }: Options): Promise<void> {
  const resumeAfter = resume ? await newestConversationRun(input.sid) : null;
  if (resumeAfter !== null) {
    await ensureConversationReady(input, { resumeAfter });
    return;
  }
  try {
    await executeChild('createNestedConversation', {
      ...startOptionsOf(input, { taskQueue }),
      args: [input],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    await ensureConversationReady(input);
  }
}
