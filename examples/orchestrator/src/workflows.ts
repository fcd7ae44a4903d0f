import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  executeChild,
  ParentClosePolicy,
  proxyActivities,
} from '@temporalio/workflow';
import type { EnsureReadyActivities } from 'nested-conversations/ensure-ready-activity';
import { type CreateNestedConversationInput, startOptionsOf } from 'nested-conversations/start-options';
import type { WorkspaceActivities } from './activities.js';
import { taskQueue } from './task-queue.js';
import type { OpenWorkspaceInput, Workspace } from './workspace.js';

// The worker runs every workflow that this module exports.
export { createNestedConversation } from 'nested-conversations/workflows';

const { provisionRuntime, configureNestedServer, releaseRuntime } = proxyActivities<WorkspaceActivities>({
  startToCloseTimeout: '2 minutes',
  retry: { maximumAttempts: 10 },
});

const { ensureConversationReady } = proxyActivities<EnsureReadyActivities>({
  startToCloseTimeout: '1 day',
  heartbeatTimeout: '30 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** Opens a workspace: a runtime, its nested server's settings, and a conversation that is ready in it. */
export async function openWorkspace(input: OpenWorkspaceInput): Promise<Workspace> {
  const { conversationId, userId, message, repository } = input;
  const runtime = await provisionRuntime(conversationId);
  try {
    await configureNestedServer({ apiUrl: runtime.apiUrl, userId });
    await startConversation({
      sid: conversationId,
      userId,
      apiUrl: runtime.apiUrl,
      initialUserMsg: { content: message },
      ...(repository && { settings: { repository, gitProvider: 'github' } }),
    });
    return { conversationId, apiUrl: runtime.apiUrl };
  } catch (error) {
    // Also after a cancellation, but not where the conversation is somebody else's, who goes on with the runtime.
    if (!isRefusal(error)) {
      // A runtime that can't be released must not hide why it has to be.
      await CancellationScope.nonCancellable(() => releaseRuntime(runtime)).catch(() => undefined);
    }
    throw error;
  }
}

/** Whether the conversation was started before, for another user or with another message. */
function isRefusal(error: unknown): boolean {
  const { cause } = error instanceof ActivityFailure ? error : {};
  return (
    cause instanceof ApplicationFailure &&
    ['ConversationTakenError', 'MessageNotSentError', 'StartNotComparableError'].includes(cause.type ?? '')
  );
}

/**
 * As a child workflow, so that it shows in the Web UI below its parent and is cancelled with it. Where the conversation was
 * started before, the child can't start: then the activity attaches to that start, or refuses another message.
 */
async function startConversation(input: CreateNestedConversationInput): Promise<void> {
  try {
    await executeChild('createNestedConversation', {
      ...startOptionsOf(input, { taskQueue }),
      args: [input],
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      // Terminated with its parent, it could not stop what it has created.
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    await ensureConversationReady(input);
  }
}
