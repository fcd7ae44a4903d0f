import type { ConversationStatus } from '../../client/conversation-status.js';
import type { NestedConversations } from '../../client/nested-conversations.js';
import type { Answer, Context } from '../answer.js';
import { exitCodes, InterruptedError } from '../exit-codes.js';
import { withConversation } from '../find-conversation.js';
import { errorJson } from '../report-error.js';
import { statusScreen } from '../status-screen.js';
import { waitWithProgress } from '../wait-with-progress.js';

export interface StatusCommandOptions {
  readonly watch?: boolean;
  readonly exitStatus?: boolean;
}

export async function status(id: string, options: StatusCommandOptions, { connect }: Context): Promise<Answer> {
  const connected = await connect();
  const { conversations } = connected;
  return withConversation(connected, id, async (sid) => {
    if (options.watch) await untilEnded(conversations, sid);
    const found = await conversations.status(sid);
    const outcome = found.closedAt ? await conversations.result(sid).catch((error: Error) => error) : undefined;
    const json = { ...found, ...(outcome instanceof Error ? errorJson(outcome) : outcome && { result: outcome }) };
    return { text: statusScreen(found, outcome), json, exitCode: options.exitStatus ? exitCodeOf(found) : 0 };
  });
}

/** Ignores the outcome: the caller reads it afterwards. */
async function untilEnded(conversations: NestedConversations, sid: string): Promise<void> {
  try {
    await waitWithProgress(sid, undefined, (waiting) => conversations.wait(sid, waiting));
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
  }
}

function exitCodeOf({ phase, closedAt }: ConversationStatus): number {
  if (!closedAt) return exitCodes.goesOn;
  return phase === 'ready' ? 0 : exitCodes.failed;
}
