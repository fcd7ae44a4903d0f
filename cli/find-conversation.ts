import type { Client } from '@temporalio/client';
import { ConversationNotFoundError } from '../client/errors.js';
import { sidOf, workflowType } from '../contract/names.js';
import type { Connected } from './connection.js';

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * Finds a conversation by any id that `start` printed: its sid, its workflow id, or a run id.
 *
 * @throws ConversationNotFoundError with the id that was given
 */
export async function withConversation<T>(
  { client, conversations }: Connected,
  id: string,
  ask: (sid: string) => Promise<T>,
): Promise<T> {
  try {
    // Checks first that it exists, since `ask` may throw the same error class for another reason.
    await conversations.status(id);
    return await ask(id);
  } catch (error) {
    if (!(error instanceof ConversationNotFoundError)) throw error;
    const sid = sidOf(id) ?? (uuid.test(id) ? await sidOfRun(client, id) : undefined);
    if (sid === undefined) throw error;
    return ask(sid);
  }
}

async function sidOfRun({ workflow }: Client, runId: string): Promise<string | undefined> {
  const query = `WorkflowType = '${workflowType}' AND RunId = '${runId.toLowerCase()}'`;
  for await (const { workflowId } of workflow.list({ query })) return sidOf(workflowId);
  return undefined;
}
