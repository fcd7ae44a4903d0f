import type { CancelledConversation } from '../../client/nested-conversations.js';
import { phases } from '../../client/words.js';
import type { Answer, Context } from '../answer.js';
import { commandLine } from '../command-line.js';
import { withConversation } from '../find-conversation.js';

export async function cancel(id: string, { connect }: Context): Promise<Answer> {
  const connected = await connect();
  const cancelled = await withConversation(connected, id, (sid) => connected.conversations.cancel(sid));
  return { text: describeCancelled(cancelled), json: cancelled };
}

function describeCancelled({ sid, runId, cancelRequested, state }: CancelledConversation): string {
  if (cancelRequested) {
    return `requested cancellation of the start of ${sid} (run ${runId})\n  watch it end: ${commandLine('status', '--watch', sid)}`;
  }
  const how = state === 'running' ? 'has just ended' : `had already ended: ${phases[state]}`;
  return `cancelled nothing: the start of ${sid} ${how} (run ${runId})`;
}
