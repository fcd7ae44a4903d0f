import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { NestedConversations } from '../../client/nested-conversations.js';
import { freePort } from '../../dev-stack/free-port.js';
import { inputFor } from '../../dev-stack/input-for.js';
import type { RunningProgram } from '../../dev-stack/programs.js';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { startApiKeyGate } from '../harness/api-key-gate.js';
import { forFile, startWorkerFor } from '../harness/fixtures.js';
import { startDevServer } from '../harness/temporal.js';

/** Not the harness's queue: its worker must not do the work of the process under test. */
const taskQueue = 'health';

const temporal = await forFile(startDevServer());

interface ProbedWorker {
  readonly process: RunningProgram;
  probe(path: string): Promise<{ readonly status: number; readonly text: string }>;
  /** Resolves with the readiness answer once it matches. */
  saysOfReadiness(answer: RegExp): Promise<void>;
}

async function startWorker(t: TestContext, env: Readonly<Record<string, string>>): Promise<ProbedWorker> {
  const port = await freePort();
  const process = startWorkerFor(t, {
    env: { TEMPORAL_TASK_QUEUE: taskQueue, WORKER_HTTP_PORT: String(port), ...env },
  });
  const probe = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
  return {
    process,
    probe,
    async saysOfReadiness(expected) {
      for (;;) {
        const { status, text } = await probe('/readyz').catch(() => ({ status: 0, text: 'it does not listen yet' }));
        if (expected.test(`${status} ${text}`)) return;
        await setTimeout(20);
      }
    },
  };
}

describe('a worker', () => {
  test('is alive but not ready until it has reached Temporal', async (t) => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    t.after(() => silent.close());
    const { port } = silent.address() as AddressInfo;
    const { probe, saysOfReadiness, process } = await startWorker(t, { TEMPORAL_ADDRESS: `127.0.0.1:${port}` });
    await saysOfReadiness(/^503 starting\n$/);
    assert.deepEqual(await probe('/healthz'), { status: 200, text: 'alive\n' });
    process.kill('SIGKILL');
    await process.ended;
  });

  test('is ready while it polls, then alive but not ready until its last check is done', async (t) => {
    const server = await OpenHandsStandIn.listen();
    t.after(() => server.close());
    const { probe, saysOfReadiness, process } = await startWorker(t, temporal.variables);
    await saysOfReadiness(/^200 ready\n$/);
    const input = inputFor(server.url, { readiness: { lookTimeout: '1 minute' } });
    const path = `/api/conversations/${input.sid}/events`;
    const look = server.inject({ path, after: 2, fault: { kind: 'delay-until' } });
    await new NestedConversations(temporal.env.client, { taskQueue }).start(input);
    await look.reached;
    process.kill('SIGTERM');
    await saysOfReadiness(/^503 (stopping|draining)\n$/);
    assert.equal((await probe('/healthz')).status, 200);
    look.release();
    assert.equal((await process.ended).exitCode, 0);
  });

  test('is alive but not ready while Temporal does not answer, and ready again afterwards', async (t) => {
    const targetPort = Number(temporal.env.address.split(':').at(-1));
    const options = { targetPort, apiKey: 'key' };
    let gate = await startApiKeyGate(options);
    t.after(() => gate.close());
    const { probe, saysOfReadiness } = await startWorker(t, {
      ...temporal.variables,
      TEMPORAL_ADDRESS: `127.0.0.1:${gate.port}`,
      TEMPORAL_API_KEY: 'key',
      TEMPORAL_TLS: 'false',
    });
    await saysOfReadiness(/^200 /);
    await gate.close();
    await saysOfReadiness(/^503 Temporal does not answer: \S.*\n$/);
    assert.equal((await probe('/healthz')).status, 200);
    gate = await startApiKeyGate({ ...options, port: gate.port });
    await saysOfReadiness(/^200 /);
  });

  test('lists its paths in a 404 answer', async (t) => {
    const { probe, saysOfReadiness } = await startWorker(t, temporal.variables);
    await saysOfReadiness(/^200 /);
    assert.deepEqual(await probe('/'), { status: 404, text: 'use /healthz or /readyz\n' });
  });
});
