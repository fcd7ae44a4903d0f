import type { ConversationFilter, ListedConversation } from '../../client/list-conversations.js';
import type { Answer, Context } from '../answer.js';
import { describeList } from '../describe-status.js';
import { UsageError } from '../exit-codes.js';

export interface ListCommandOptions extends ConversationFilter {
  readonly limit: number;
}

export async function list(
  { limit, userId, phase, server }: ListCommandOptions,
  { connect }: Context,
): Promise<Answer> {
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError('--limit must be a whole number of at least 1');
  const { conversations } = await connect();
  const found: ListedConversation[] = [];
  for await (const conversation of conversations.list({ userId, phase, server })) {
    found.push(conversation);
    if (found.length === limit) break;
  }
  return { text: describeList(found), json: { conversations: found } };
}
