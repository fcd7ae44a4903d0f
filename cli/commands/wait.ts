import type { Answer, Context } from '../answer.js';
import { withConversation } from '../find-conversation.js';
import { waitWithProgress } from '../wait-with-progress.js';
import { describeReady } from './start.js';

export interface WaitCommandOptions {
  readonly timeout?: string;
}

export async function wait(id: string, { timeout }: WaitCommandOptions, { connect }: Context): Promise<Answer> {
  const connected = await connect();
  const ready = await withConversation(connected, id, (sid) =>
    waitWithProgress(sid, timeout, (waiting) => connected.conversations.wait(sid, waiting)),
  );
  return { text: describeReady(ready), json: ready };
}
