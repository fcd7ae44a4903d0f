import { proxyActivities } from '@temporalio/workflow';
import type { Activities, CheckConversationReadyInput } from '../../activities/interface.js';
import { createPolicy } from '../../workflows/policies.js';

const { createConversation, checkConversationReady } = proxyActivities<Activities>(createPolicy);

/** The workflow with its two steps in the wrong order: what the replay tests have to notice. */
export async function createNestedConversation(input: CheckConversationReadyInput): Promise<unknown> {
  await checkConversationReady(input);
  return createConversation({ input });
}
