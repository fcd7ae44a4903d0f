import assert from 'node:assert/strict';
import { createSecretKey, randomUUID } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { Client, WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { NestedConversations } from '../../client/nested-conversations.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import { decodeOptionalFailureToOptionalError } from '../../codec/sdk-internals.js';
import { workflowIdOf } from '../../contract/names.js';
import { freePort } from '../../dev-stack/free-port.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { startProgram } from '../../dev-stack/programs.js';
import { scrape } from '../../dev-stack/scrape.js';
import { forFile, standInForFile, startWorkerFor } from '../harness/fixtures.js';
import { startDevServer } from '../harness/temporal.js';

/** Keys that a worker lacks or that don't fit: a run waits at the payload that is encrypted with them. */

const keyOf = (fill: number) => Buffer.alloc(32, fill);
const setting = (...keys: [id: string, fill: number][]) =>
  keys.map(([id, fill]) => `${id}:${keyOf(fill).toString('base64')}`).join(',');
const converterOf = (...keys: [id: string, fill: number][]) =>
  dataConverterFor(new Map(keys.map(([id, fill]) => [id, createSecretKey(keyOf(fill))])));

const temporal = await forFile(startDevServer());
const server = await standInForFile();

function scene(t: TestContext, ...clientKeys: [id: string, fill: number][]) {
  const taskQueue = `missing-keys-${randomUUID()}`;
  const { connection } = temporal.env;
  const client = new Client({ connection, namespace: temporal.namespace, dataConverter: converterOf(...clientKeys) });
  const startWorker = (keys: string, env: Record<string, string> = {}) =>
    startWorkerFor(t, {
      env: {
        ...temporal.variables,
        TEMPORAL_TASK_QUEUE: taskQueue,
        ...(keys && { PAYLOAD_ENCRYPTION_KEYS: keys }),
        ...env,
      },
    });
  return { client, conversations: new NestedConversations(client, { taskQueue }), startWorker };
}

/** A client without keys. */
const clientWithoutKeys = () => new Client({ connection: temporal.env.connection, namespace: temporal.namespace });

/** The message of the failed workflow task. */
async function failedTask(client: Client, workflowId: string): Promise<string> {
  for (;;) {
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    const failed = events?.find((event) => event.workflowTaskFailedEventAttributes);
    const failure = failed?.workflowTaskFailedEventAttributes?.failure;
    if (failure) {
      const error = await decodeOptionalFailureToOptionalError(client.options.loadedDataConverter, failure);
      return String(error?.message);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Waits until the status gives this reason, for a look or for the workflow's own code. */
async function untilReported(conversations: NestedConversations, sid: string, reason: string): Promise<void> {
  for (;;) {
    const { lastSeen, workflowTaskFailure } = await conversations.status(sid);
    if ([lastSeen, workflowTaskFailure].includes(reason)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const lacking: [what: string, workerKeys: string, reason: RegExp][] = [
  ['lacks the key', setting(['other', 2]), /^a payload is encrypted with key 'new': the keys here are other$/],
  [
    'has another key of the same id',
    setting(['new', 3]),
    /^a payload can't be decrypted: .* its key 'new' was another/,
  ],
  ['has no key at all', '', /^a payload is encrypted with key 'new': no key is set \(PAYLOAD_ENCRYPTION_KEYS\)$/],
];

describe('a start, on a worker that', { concurrency: 3 }, () => {
  for (const [what, workerKeys, reason] of lacking) {
    test(`${what}, waits and continues once a worker has the key`, async (t) => {
      const { conversations, startWorker } = scene(t, ['new', 1]);
      const metricsPort = await freePort();
      const without = startWorker(workerKeys, { WORKER_METRICS_PORT: String(metricsPort) });
      const input = inputFor(server.url);
      const { workflowId } = await conversations.start(input);
      await without.reported("can't be decrypted: a key is missing");
      // An operator without any key can see which one is missing.
      assert.match(await failedTask(clientWithoutKeys(), workflowId), reason);
      const { failedWorkflowTasks = 0, workflowTaskFailure = '' } = await conversations.status(input.sid);
      assert(failedWorkflowTasks > 0);
      assert.match(workflowTaskFailure, reason);
      const args = ['status', input.sid];
      const { stdout } = await startProgram('cli/main.js', { args, env: temporal.variables }).ended;
      assert.match(stdout, /^ {2}failing +its workflow task failed (once|\d+ times) in a row: a payload (is|can't)/m);
      assert.match(stdout, /key 'new'/);
      const samples = await scrape(metricsPort);
      const [unreadable] = samples.filter(({ name }) => name === 'nested_conversations_unreadable_payloads_total');
      assert.equal(unreadable?.labels.kind, 'locked');
      without.kill('SIGKILL');
      startWorker(setting(['new', 1], ['other', 2]));
      assert.equal((await conversations.ensureReady(input)).status, 'RUNNING');
    });

    test(`${what}, can be cancelled at once`, async (t) => {
      const { conversations, client, startWorker } = scene(t, ['new', 1]);
      const without = startWorker(workerKeys);
      const input = inputFor(server.url);
      await conversations.start(input);
      await without.reported("can't be decrypted: a key is missing");
      await conversations.cancel(input.sid);
      await assert.rejects(client.workflow.getHandle(workflowIdOf(input.sid)).result(), (error) => {
        assert(error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure);
        return true;
      });
    });
  }
});

test('a signal and a memo with a missing key are ignored', async (t) => {
  const { conversations, startWorker } = scene(t);
  startWorker(setting(['a', 1]));
  const stranger = new Client({
    connection: temporal.env.connection,
    namespace: temporal.namespace,
    dataConverter: converterOf(['lost', 9]),
  });
  const input = inputFor(server.url);
  const { workflowId } = await conversations.start(input);
  await stranger.workflow.getHandle(workflowId).signal('of nobody', { a: 1 });
  const reader = new Client({
    connection: temporal.env.connection,
    namespace: temporal.namespace,
    dataConverter: converterOf(['a', 1]),
  });
  const { status } = await reader.workflow.getHandle(workflowId).result();
  assert.equal(status, 'RUNNING');
});

test('a check whose input its worker cannot read is run by another worker without losing an attempt', async (t) => {
  // All workers have the client's key. What the worker with the new key writes, the other one can't read.
  const { conversations, client, startWorker } = scene(t, ['old', 1], ['new', 2]);
  const withNew = startWorker(setting(['new', 2], ['old', 1]));
  const input = inputFor(server.url, { readiness: { interval: '1 second', maximumAttempts: 60 } });
  server.script(input.sid, { agent: 'dead' });
  const { workflowId } = await conversations.start(input);
  await server.received(`GET /api/conversations/${input.sid}`, 3);
  withNew.kill('SIGKILL');
  const withoutNew = startWorker(setting(['old', 1]));
  await withoutNew.reported("can't be decrypted: a key is missing");
  // The run has begun, and this worker can't replay its history. It waits.
  await untilReported(
    new NestedConversations(clientWithoutKeys()),
    input.sid,
    "a payload is encrypted with key 'new': the keys here are old",
  );
  withoutNew.kill('SIGKILL');
  const seen = server.count(`GET /api/conversations/${input.sid}`);
  startWorker(setting(['new', 2], ['old', 1]));
  await server.received(`GET /api/conversations/${input.sid}`, seen + 2);
  await conversations.cancel(input.sid);
  await assert.rejects(client.workflow.getHandle(workflowId).result());
});
