import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NestedConversations } from '../../client/nested-conversations.js';
import { workflowIdOf } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import type { RunningProgram } from '../../dev-stack/programs.js';
import { runCommand } from '../../dev-stack/run-command.js';
import { forFile, standInForFile, startWorkerFor } from '../harness/fixtures.js';
import { start } from '../harness/start.js';
import { startDevServer } from '../harness/temporal.js';

type Line = Readonly<Record<string, unknown>>;

/** Not the harness's queue: its worker must not do the work of the process under test. */
const taskQueue = 'logs';
const post = { method: 'POST', path: '/api/conversations' };

const temporal = await forFile(startDevServer());
const server = await standInForFile();
const conversations = new NestedConversations(temporal.env.client, { taskQueue });

const startWorker = (t: TestContext, env: Readonly<Record<string, string>> = {}) =>
  startWorkerFor(t, { env: { ...temporal.variables, TEMPORAL_TASK_QUEUE: taskQueue, ...env } });

/** Stops the worker and returns all lines of its log. */
async function stop(worker: RunningProgram): Promise<Line[]> {
  worker.kill('SIGTERM');
  const { stderr } = await worker.ended;
  return stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('the log of a worker', () => {
  test('begins with the settings of the worker, without its keys, and ends with its stop', async (t) => {
    const worker = startWorker(t, {
      PAYLOAD_ENCRYPTION_KEYS: `new:${Buffer.alloc(32, 1).toString('base64')},old:${Buffer.alloc(32, 2).toString('base64')}`,
    });
    await worker.reported('RUNNING');
    const lines = await stop(worker);
    const [{ time, ...first } = {}] = lines;
    const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
    assert.ok(Math.abs(Date.now() - Date.parse(String(time))) < 60_000, String(time));
    assert.deepEqual(first, {
      level: 'info',
      message: 'Worker started',
      version,
      address: temporal.env.address,
      namespace: temporal.namespace,
      taskQueue,
      encryption: 'on',
      encryptionKeyIds: ['new', 'old'],
    });
    assert.equal(lines.at(-1)?.message, 'Worker stopped');
  });

  test('names the conversation, run and activity of each failed attempt', async (t) => {
    const worker = startWorker(t);
    const input = inputFor(server.url);
    server.inject({ ...post, times: 2, fault: { kind: 'answer', status: 503 } });
    await conversations.ensureReady(input);
    const { runId } = await temporal.env.client.workflow.getHandle(workflowIdOf(input.sid)).describe();
    const warnings = (await stop(worker)).filter(({ level }) => level === 'warn');
    for (const [index, { time, error, durationMs, ...line }] of warnings.entries()) {
      assert.deepEqual(line, {
        level: 'warn',
        message: 'Activity failed',
        sdkComponent: 'worker',
        conversationId: input.sid,
        workflowId: workflowIdOf(input.sid),
        workflowRunId: runId,
        workflowType: 'createNestedConversation',
        activityId: '1',
        activityType: 'createConversation',
        attempt: index + 1,
        namespace: temporal.namespace,
        taskQueue,
      });
      const { type, message } = error as Line;
      assert.equal(type, 'NestedServerUnavailable');
      assert.match(String(message), /^POST http:\S+ answered 503 /);
    }
    assert.equal(warnings.length, 2);
  });

  test('contains no warning about a conversation that takes several checks, which LOG_LEVEL=debug shows', async (t) => {
    const worker = startWorker(t, { LOG_LEVEL: 'debug' });
    const input = inputFor(server.url, { readiness: { interval: '1 second' } });
    server.script(input.sid, { loadingLooks: 2 });
    const { attempts } = await conversations.ensureReady(input);
    const lines = (await stop(worker)).filter(({ conversationId }) => conversationId === input.sid);
    assert.deepEqual(new Set(lines.map(({ level }) => level)), new Set(['debug']));
    const looks = lines.filter(({ error }) => (error as Line | undefined)?.type === 'ConversationNotReady');
    assert.equal(looks.length, attempts - 1);
  });

  test('names the conversation of a run with another workflow id', async (t) => {
    const worker = startWorker(t);
    const input = inputFor('http://127.0.0.1:1', { sid: 's'.repeat(200) });
    const handle = await start(temporal, input, taskQueue);
    await assert.rejects(handle.result());
    const warnings = (await stop(worker)).filter(({ message }) => message === 'Activity failed');
    assert.deepEqual(
      warnings.map(({ workflowId, conversationId }) => ({ workflowId, conversationId })),
      [{ workflowId: handle.workflowId, conversationId: 's'.repeat(100) }],
    );
  });

  test("has the lines of the SDK's native core in the same format", async (t) => {
    const worker = startWorker(t);
    const options = { taskQueue, workflowId: randomUUID() };
    const handle = await temporal.env.client.workflow.start('unknown', options);
    await worker.reported('"sdkComponent":"core"');
    await handle.terminate();
    const line = (await stop(worker)).find(({ sdkComponent }) => sdkComponent === 'core');
    assert.equal(line?.level, 'warn');
  });

  test('contains nothing below LOG_LEVEL', async (t) => {
    const worker = startWorker(t, { LOG_LEVEL: 'error' });
    await conversations.ensureReady(inputFor(server.url));
    worker.kill('SIGTERM');
    assert.equal((await worker.ended).stderr, '');
  });

  test('is formatted for people on a terminal', async () => {
    const logger = fileURLToPath(new URL('../../worker/process/logger.js', import.meta.url));
    const program = `import('${logger}').then(({ createLogger }) => createLogger('INFO').info('Hello', { name: 'ada' }))`;
    const command = `'${process.execPath}' -e "${program}"`;
    // A program under script(1) has a terminal.
    const stdout = await runCommand('script', ['--quiet', '--return', '--command', command, '/dev/null']);
    assert.match(stdout, /\[INFO\] Hello \{ name: .*ada.* \}/);
  });
});
