import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { WorkflowNotFoundError } from '@temporalio/client';
import { NestedConversations } from '../../client/nested-conversations.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { freePort } from '../../dev-stack/free-port.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { scrape } from '../../dev-stack/scrape.js';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { forFile, forTest, startWorkerFor } from '../harness/fixtures.js';
import { startDevServer } from '../harness/temporal.js';
import { until } from '../versions/tried-server.js';

/** Not the harness's queue: its worker must not do the work of the process under test. */
const taskQueue = 'neighbours';

const hanging = 300;

const temporal = await forFile(startDevServer());

/** Starts a worker with default settings, a server that hangs, and a healthy one. */
async function startWorker(t: TestContext) {
  const metricsPort = await freePort();
  startWorkerFor(t, {
    env: { ...temporal.variables, TEMPORAL_TASK_QUEUE: taskQueue, WORKER_METRICS_PORT: String(metricsPort) },
  });
  const hung = await forTest(t, OpenHandsStandIn.listen());
  const healthy = await forTest(t, OpenHandsStandIn.listen());
  t.after(async () => {
    // Leaves no work of this test for the next test's worker.
    for await (const { workflowId } of temporal.env.client.workflow.list({ query: "ExecutionStatus='Running'" })) {
      // Visibility lags behind, so the run may have ended.
      await temporal.env.client.workflow.getHandle(workflowId).terminate().catch(unlessNotFound);
    }
  });
  const conversations = new NestedConversations(temporal.env.client, { taskQueue });
  const startAll = (input: Partial<CreateNestedConversationInput> = {}) =>
    Promise.all(Array.from({ length: hanging }, () => conversations.start(inputFor(hung.url, input))));
  return { conversations, hung, healthy, startAll, metricsPort };
}

const forever = Number.POSITIVE_INFINITY;
const slow = {
  client: { timeout: '5 minutes' },
  readiness: { lookTimeout: '1 minute', maximumAttempts: 10_000 },
} satisfies Partial<CreateNestedConversationInput>;

describe(`a start on a healthy server is ready beside ${hanging} starts on a server that hangs`, () => {
  test('in the POST', async (t) => {
    const { conversations, hung, healthy, startAll, metricsPort } = await startWorker(t);
    hung.inject({ method: 'POST', path: '/api/conversations', times: forever, fault: { kind: 'black-hole' } });
    await startAll(slow);
    await hung.received('POST /api/conversations', 10);
    // None of those has ended, and none will before its five minutes are over.
    const { attempts } = await conversations.ensureReady(inputFor(healthy.url));
    assert(attempts <= 3, `it took ${attempts} checks`);
    assert.equal(hung.count('POST /api/conversations'), 10);
    const samples = await scrape(metricsPort);
    const surplus = samples.filter(({ name }) => name === 'nested_conversations_surplus_total');
    assert((surplus[0]?.value ?? 0) > 0, 'no request was above the limit');
    const slotsUsed = async () =>
      (await scrape(metricsPort)).find(
        ({ name, labels }) => name === 'temporal_worker_task_slots_used' && labels.worker_type === 'ActivityWorker',
      )?.value ?? 0;
    assert((await slotsUsed()) >= 10);
    // Ten work, and a hundred wait for their turn. For a moment there are more: those that are being turned away.
    await until('at most 120 slots are in use', async () => (await slotsUsed()) <= 120);
  });

  test('in the first read', async (t) => {
    const { conversations, hung, healthy, startAll } = await startWorker(t);
    const reads = hung.inject({ method: 'GET', path: /./, times: forever, fault: { kind: 'black-hole' } });
    await startAll(slow);
    await reads.reached;
    const { attempts } = await conversations.ensureReady(inputFor(healthy.url));
    assert(attempts <= 3, `it took ${attempts} checks`);
    assert.equal(hung.count('POST /api/conversations'), 0);
  });

  test('in a readiness check', async (t) => {
    const { conversations, hung, healthy, startAll } = await startWorker(t);
    // No look finds them ready, and reads hang once all of them are created.
    await startAll({ ...slow, initialUserMsg: null, readiness: { ...slow.readiness, interval: '10 seconds' } });
    await hung.received('POST /api/conversations', 10);
    const reads = hung.inject({ method: 'GET', path: /./, times: forever, fault: { kind: 'black-hole' } });
    await reads.reached;
    const { attempts } = await conversations.ensureReady(inputFor(healthy.url));
    assert(attempts <= 3, `it took ${attempts} checks`);
  });
});

test('all starts of a burst on one healthy server are ready', async (t) => {
  const { conversations, healthy } = await startWorker(t);
  const inputs = Array.from({ length: 100 }, () => inputFor(healthy.url));
  await Promise.all(inputs.map((input) => conversations.ensureReady(input)));
  assert.equal(healthy.count('POST /api/conversations'), inputs.length);
});

function unlessNotFound(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}
