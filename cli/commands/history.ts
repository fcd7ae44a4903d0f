import { oneLine } from '../../contract/printing/one-line.js';
import type { Answer, Context } from '../answer.js';
import { describeHistory } from '../describe-history.js';
import { describeStatus } from '../describe-status.js';
import { withConversation } from '../find-conversation.js';

export async function history(id: string, { connect }: Context): Promise<Answer> {
  const connected = await connect();
  const { conversations } = connected;
  return withConversation(connected, id, async (sid) => {
    const events = await conversations.history(sid);
    // The history shows a step and its attempts only after the step has ended.
    const now = await conversations.status(sid).then(
      (status) => (status.closedAt ? '' : `\n       now  ${describeStatus(status)}`),
      (error: unknown) => `\n       now  (can't be read: ${oneLine(error)})`,
    );
    return { text: `${describeHistory(events)}${now}`, json: { sid, events } };
  });
}
