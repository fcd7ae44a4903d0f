import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NestedConversations } from '../../client/nested-conversations.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { startProgram } from '../../dev-stack/programs.js';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { startDevServer, type Temporal } from '../harness/temporal.js';

const conversations = 2000;
const taskQueue = 'load';

let temporal: Temporal;
let server: OpenHandsStandIn;

before(async () => {
  temporal = await startDevServer();
  server = await OpenHandsStandIn.listen();
});
after(async () => {
  await server.close();
  await temporal.stop();
});

test(`${conversations} starts awaited by one process are all answered`, async (t) => {
  const env = { ...temporal.variables, TEMPORAL_TASK_QUEUE: taskQueue };
  const worker = startProgram('worker/main.js', { env, timeoutMs: 10 * 60_000 });
  t.after(() => worker.kill('SIGKILL'));
  const client = new NestedConversations(temporal.env.client, { taskQueue });

  const inputs = Array.from({ length: conversations }, () => inputFor(server.url));
  const results = await Promise.all(inputs.map((input) => client.ensureReady(input)));
  assert.deepEqual(
    results.map(({ conversationId }) => conversationId),
    inputs.map(({ sid }) => sid),
  );
  assert.equal(server.count('POST /api/conversations'), conversations);
});
