import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, type Payload } from '@temporalio/common';
import { limits } from '../../contract/limits.js';
import { workflowType } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { forFile, standInForFile, startWorkerFor, testFile } from '../harness/fixtures.js';
import { startDevServer } from '../harness/temporal.js';
import { protobufOf, undecodable, zlib } from '../worker/payload-kinds.js';

/**
 * The memory of the worker in `deploy/kubernetes`, which has 1 GiB, three quarters of it for the heap. It must not run
 * out.
 */

/** Not the harness's queue: its worker must not do the work of the process under test. */
const taskQueue = 'memory';

const gibibyte = 1024 * 1024 * 1024;

const temporal = await forFile(startDevServer());
const server = await standInForFile();
const worker = startWorkerFor(testFile, {
  env: {
    ...temporal.variables,
    TEMPORAL_TASK_QUEUE: taskQueue,
    NODE_OPTIONS: '--max-old-space-size=768',
    MALLOC_TRIM_THRESHOLD_: '131072',
  },
});

/** The worker's peak memory, in bytes. */
async function peakMemory(): Promise<number> {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${worker.pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}

/** How a run with these payloads ends: a failure's type, or the status. */
async function outcomeOf(...payloads: Payload[]): Promise<string> {
  const workflowId = randomUUID();
  await temporal.env.client.workflowService.startWorkflowExecution({
    namespace: temporal.namespace,
    workflowId,
    requestId: randomUUID(),
    workflowType: { name: workflowType },
    taskQueue: { name: taskQueue },
    input: { payloads },
  });
  try {
    return (await temporal.env.client.workflow.getHandle(workflowId).result()).status;
  } catch (error) {
    if (error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure)
      return String(error.cause.type);
    throw error;
  }
}

const isLarge = ({ data }: Payload) => (data?.length ?? 0) > 1000;

test('the worker stays within its memory with eight of every undecodable payload at once', async () => {
  for (const [kind, make] of undecodable) {
    const payload = make();
    if (!isLarge(payload)) continue;
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => outcomeOf(payload)));
    assert.deepEqual(new Set(outcomes), new Set(['InvalidInput']), kind);
  }
  assert((await peakMemory()) < gibibyte, `${await peakMemory()} bytes`);
});

test('the worker stays within its memory with four inputs of 100,000 payloads at once', async () => {
  const payloads = Array.from({ length: 100_000 }, () => ({ metadata: {}, data: Buffer.from('1') }));
  const outcomes = await Promise.all(Array.from({ length: 4 }, () => outcomeOf(...payloads)));
  assert.deepEqual(new Set(outcomes), new Set(['InvalidInput']));
  assert((await peakMemory()) < gibibyte, `${await peakMemory()} bytes`);
});

test('the worker stays within its memory with twenty of the largest inputs at once', async () => {
  const largest = () => {
    const texts = { conversationInstructions: 'y'.repeat(limits.textCharacters - 100_000) };
    const content = 'x'.repeat(limits.textCharacters - 100_000);
    return JSON.stringify(inputFor(server.url, { initialUserMsg: { content }, settings: texts }));
  };
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => outcomeOf(zlib(protobufOf(largest())))));
  assert.deepEqual(new Set(outcomes), new Set(['RUNNING']));
  assert((await peakMemory()) < gibibyte, `${await peakMemory()} bytes`);
});
