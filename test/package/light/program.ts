import { Client, Connection } from '@temporalio/client';
import {
  type CreateNestedConversationInput,
  type DurationString,
  NestedConversationError,
  NestedConversations,
} from 'nested-conversations/client';

/** A service that only starts conversations, with its own Temporal client. It must compile and run. */
const interval: DurationString = '1 second';
const input: CreateNestedConversationInput = {
  apiUrl: process.argv[2] ?? '',
  sid: process.argv[3] ?? '',
  userId: 'ada',
  initialUserMsg: { content: 'Fix the build' },
  readiness: { interval },
};
const { TEMPORAL_ADDRESS: address = '', TEMPORAL_NAMESPACE: namespace = 'default' } = process.env;
const connection = await Connection.connect({ address });
const conversations = new NestedConversations(new Client({ connection, namespace }), { onHint: () => undefined });
const { attached, attempts } = await conversations.ensureReady(input, { timeout: '1 minute' });
const other = { ...input, initialUserMsg: { content: 'Fix the tests' } };
const error: unknown = await conversations.start(other).catch((reason: unknown) => reason);
const listed = [];
for await (const { sid, phase } of conversations.list({ server: input.apiUrl })) listed.push(`${sid} ${phase}`);
const resumed = await conversations.ensureReady(other, { resume: true });
console.log(
  JSON.stringify({
    attached,
    attempts,
    refused: error instanceof NestedConversationError && error.name,
    listed,
    resumed: resumed.attached,
    phase: (await conversations.status(input.sid)).phase,
  }),
);
await connection.close();
