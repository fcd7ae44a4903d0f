import assert from 'node:assert/strict';
import { createSecretKey, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { NestedConversations } from '../../client/nested-conversations.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import { PayloadMessage } from '../../codec/proto.js';
import { workflowIdOf, workflowType } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { embeddedWorkerOptions } from '../../worker/embedded-worker-options.js';
import { failureOf } from '../harness/failure-of.js';
import { atEndOf, forFile, type Scope, standInForFile } from '../harness/fixtures.js';
import { startDevServer } from '../harness/temporal.js';
import type { OwnActivities, openByChild, readResults } from './own-workflows.js';

/** A service's own worker, which runs our workflow beside its own, with its own codec and payload converter. */

const temporal = await forFile(startDevServer());
const server = await standInForFile();

const activities: OwnActivities = {
  bytesOf: async (count) => new Uint8Array(count),
  textOf: async (characters) => 'x'.repeat(characters),
};

interface ServiceOptions {
  /** @default one of its own */
  readonly taskQueue?: string;
  /** The data converter of its worker. */
  readonly workers?: DataConverter;
  /** @default that of its worker */
  readonly clients?: DataConverter;
}

/** Starts a worker, and connects a client. */
async function service(scope: Scope, options: ServiceOptions = {}) {
  const { taskQueue = `service-${randomUUID()}`, workers = {}, clients = workers } = options;
  const { nativeConnection: connection, connection: clientConnection } = temporal.env;
  const { namespace } = temporal;
  const embedded = embeddedWorkerOptions({ namespace, taskQueue, dataConverter: workers });
  const worker = await Worker.create({
    ...embedded,
    connection,
    namespace,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('own-workflows.js', import.meta.url)),
    activities: { ...embedded.activities, ...activities },
    shutdownGraceTime: '1 second',
  });
  const stop = runUntilEnd(scope, worker);
  const client = new Client({ connection: clientConnection, namespace, dataConverter: clients });
  const conversations = new NestedConversations(client, { taskQueue, onHint: () => undefined });
  return { taskQueue, client, conversations, stop };
}

/** Runs a worker until the end of the scope, or until the returned function is called. */
function runUntilEnd(scope: Scope, worker: Worker): () => Promise<void> {
  const running = worker.run();
  const stop = () => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
    return running;
  };
  atEndOf(scope, stop);
  return stop;
}

test("the service's own payloads are not bounded", async (t) => {
  const { taskQueue, client } = await service(t);
  const texts = Array.from({ length: 12 }, () => 1_000_000);
  const sizes = await client.workflow.execute<typeof readResults>('readResults', {
    taskQueue,
    workflowId: `own-${randomUUID()}`,
    args: [100_000, texts],
  });
  assert.deepEqual(sizes, [100_000, ...texts]);
});

test('payloads of conversations are bounded', async (t) => {
  const { taskQueue, client } = await service(t);
  const input = { ...inputFor(server.url), settings: Array.from({ length: 400_000 }, () => 1) };
  const outcome = client.workflow.execute(workflowType, {
    taskQueue,
    workflowId: workflowIdOf(input.sid),
    args: [input],
  });
  const { type, message } = await failureOf(outcome);
  assert.equal(type, 'InvalidInput');
  assert.match(message, /can't be decoded: its JSON has more than/);
});

test("a conversation is started with the service's own payload converter", async (t) => {
  const payloadConverterPath = fileURLToPath(new URL('own-payload-converter.cjs', import.meta.url));
  const { conversations } = await service(t, { workers: { payloadConverterPath } });
  const input = inputFor(server.url, { initialUserMsg: { content: 'x'.repeat(200_000) } });
  assert.equal((await conversations.ensureReady(input)).status, 'RUNNING');
  const { userId } = await conversations.status(input.sid);
  assert.equal(userId, 'ada');
});

/** The codec of a service that asks a key service. */
class KeyServiceCodec implements PayloadCodec {
  /** How many of its next calls the key service does not answer. */
  failures = 0;

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => ({
      metadata: { encoding: Buffer.from('binary/own') },
      data: PayloadMessage.encode(payload).finish(),
    }));
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('connect ECONNREFUSED 10.0.0.1:443');
    }
    return payloads.map(({ data }) => PayloadMessage.decode(data ?? new Uint8Array()));
  }
}

for (const failures of [1, 2, 3, 4, 5]) {
  test(`a start survives a codec that fails in call ${failures} of a worker`, async (t) => {
    const codec = new KeyServiceCodec();
    const ofWorker = new KeyServiceCodec();
    let calls = 0;
    const failing: PayloadCodec = {
      encode: (payloads) => ofWorker.encode(payloads),
      decode(payloads) {
        calls += 1;
        ofWorker.failures = calls === failures ? 1 : 0;
        return ofWorker.decode(payloads);
      },
    };
    const { conversations } = await service(t, {
      workers: { payloadCodecs: [failing] },
      clients: { payloadCodecs: [codec] },
    });
    const input = inputFor(server.url);
    assert.equal((await conversations.ensureReady(input)).status, 'RUNNING');
    assert.ok(calls >= failures);
    assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build']);
  });
}

test("a parent waits for the key of its child's result", async (t) => {
  const keyOf = (fill: number) => createSecretKey(Buffer.alloc(32, fill));
  const oldKey = dataConverterFor(new Map([['old', keyOf(1)]]));
  const bothKeys = dataConverterFor(
    new Map([
      ['new', keyOf(2)],
      ['old', keyOf(1)],
    ]),
  );
  const ours = `ours-${randomUUID()}`;
  runUntilEnd(t, await temporal.newWorker({ dataConverter: bothKeys, taskQueue: ours }));
  const taskQueue = `parents-${randomUUID()}`;
  const { client, stop } = await service(t, { taskQueue, workers: oldKey });
  const input = inputFor(server.url);
  const parent = await client.workflow.start<typeof openByChild>('openByChild', {
    taskQueue,
    workflowId: `parent-${randomUUID()}`,
    args: [input, ours],
  });
  // Its workflow task has failed, and is retried.
  for (let attempt = 0; attempt < 2; ) {
    const { status, raw } = await parent.describe();
    assert.equal(status.name, 'RUNNING');
    attempt = raw.pendingWorkflowTask?.attempt ?? 0;
    await setTimeout(50);
  }
  await stop();
  await service(t, { taskQueue, workers: bothKeys });
  const { conversationId } = await new Client({
    connection: temporal.env.connection,
    namespace: temporal.namespace,
    dataConverter: bothKeys,
  }).workflow
    .getHandle<typeof openByChild>(parent.workflowId)
    .result();
  assert.equal(conversationId, input.sid);
});
