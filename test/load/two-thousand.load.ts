import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NestedConversations } from '../../client/nested-conversations.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { forFile, standInForFile, startWorkerFor } from '../harness/fixtures.js';
import { startDevServer } from '../harness/temporal.js';

const conversations = 2000;
const taskQueue = 'load';

const temporal = await forFile(startDevServer());
const server = await standInForFile();

test(`${conversations} starts awaited by one process are all answered`, async (t) => {
  const env = { ...temporal.variables, TEMPORAL_TASK_QUEUE: taskQueue };
  startWorkerFor(t, { env, timeoutMs: 10 * 60_000 });
  const client = new NestedConversations(temporal.env.client, { taskQueue });

  const inputs = Array.from({ length: conversations }, () => inputFor(server.url));
  const results = await Promise.all(inputs.map((input) => client.ensureReady(input)));
  assert.deepEqual(
    results.map(({ conversationId }) => conversationId),
    inputs.map(({ sid }) => sid),
  );
  assert.equal(server.count('POST /api/conversations'), conversations);
});
