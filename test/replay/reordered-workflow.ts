import { proxyActivities } from '@temporalio/workflow';
import type { Activities, CheckConversationReadyInput } from '../../activities/interface.js';
import { createPolicy } from '../../workflows/policies.js';

const { createConversation, checkConversationReady } = proxyActivities<Activities>(createPolicy);

/** The workflow with its two steps in the wrong order. The replay tests must notice that. */
export async function createNestedConversation(input: CheckConversationReadyInput): Promise<unknown> {
  await checkConversationReady(input);
  return createConversation({ input });
}
