import { executeChild, proxyActivities } from '@temporalio/workflow';
import type { CreateNestedConversationInput, CreateNestedConversationResult } from '../../contract/input.js';
import { startOptionsOf } from '../../contract/start-options.js';

export { createNestedConversation } from '../../workflows/create-nested-conversation.js';

/** Workflows of a service that runs ours on the same worker. */

export interface OwnActivities {
  bytesOf(count: number): Promise<Uint8Array>;
  textOf(characters: number): Promise<string>;
}

const { bytesOf, textOf } = proxyActivities<OwnActivities>({ startToCloseTimeout: '1 minute' });

/** The sizes of the results of its activities, as the workflow sees them. */
export async function readResults(bytes: number, texts: readonly number[]): Promise<number[]> {
  const results = await Promise.all([bytesOf(bytes), ...texts.map(textOf)]);
  return results.map(({ length }) => length);
}

/** Starts a conversation, whose workers may poll another task queue. */
export function openByChild(
  input: CreateNestedConversationInput,
  taskQueue: string,
): Promise<CreateNestedConversationResult> {
  return executeChild('createNestedConversation', { ...startOptionsOf(input, { taskQueue }), args: [input] });
}
