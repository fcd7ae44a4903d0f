import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { createEnsureReadyActivities } from '../../client/ensure-ready-activity.js';
import { ConversationError, ConversationTakenError, MessageNotSentError } from '../../client/errors.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { startProgram } from '../../dev-stack/programs.js';
import { embeddedWorkerOptions } from '../../worker/embedded-worker-options.js';
import { atEndOf, folderFor, forFile, testFile } from '../harness/fixtures.js';
import { server } from '../harness/openhands-for-each-test.js';
import { installForPython } from '../harness/python-client.js';
import { startDevServer } from '../harness/temporal.js';

/** Every way to start an existing conversation must return its true result. */

/** The result for a caller. */
type Heard =
  | 'ready'
  | 'refused: user'
  | 'refused: server'
  | 'refused: workflow'
  | 'refused: message'
  | `failed: ${string}`;

type Input = CreateNestedConversationInput & { sid: string };

interface Caller {
  readonly name: string;
  start(input: Input, options?: { readonly resume?: boolean }): Promise<Heard>;
}

const taskQueue = 'own-worker';

const temporal = await forFile(startDevServer());
const conversations = new NestedConversations(temporal.env.client, { onHint: () => undefined });
const runPython = await installForPython();
const folder = await folderFor(testFile);
const embedded = embeddedWorkerOptions();
const ownWorker = await Worker.create({
  ...embedded,
  connection: temporal.env.nativeConnection,
  namespace: temporal.namespace,
  taskQueue,
  workflowsPath: fileURLToPath(new URL('parent-workflow.js', import.meta.url)),
  activities: { ...embedded.activities, ...createEnsureReadyActivities(conversations) },
});
const ownWorkerRun = ownWorker.run();
atEndOf(testFile, () => {
  ownWorker.shutdown();
  return ownWorkerRun;
});

const client: Caller = {
  name: 'the client',
  async start(input, options = {}) {
    try {
      await conversations.ensureReady(input, options);
      return 'ready';
    } catch (error) {
      if (error instanceof ConversationTakenError) return `refused: ${error.details.differs}`;
      if (error instanceof MessageNotSentError) return 'refused: message';
      if (error instanceof ConversationError) return `failed: ${error.type}`;
      throw error;
    }
  },
};

const commandLine: Caller = {
  name: 'the command line',
  async start(input, { resume = false } = {}) {
    const args = ['start', '--input', '-', '--wait', '--json', ...(resume ? ['--resume'] : [])];
    const env = { ...temporal.variables };
    const { exitCode, stdout } = await startProgram('cli/main.js', { args, env, input: JSON.stringify(input) }).ended;
    if (exitCode === 0) return 'ready';
    const { type, details } = JSON.parse(stdout).error;
    return { 4: `refused: ${details.differs}`, 6: 'refused: message', 1: `failed: ${type}` }[exitCode ?? -1] as Heard;
  },
};

const childWorkflow: Caller = {
  name: 'a workflow',
  async start(input, { resume = false } = {}) {
    try {
      await temporal.env.client.workflow.execute('parent', {
        taskQueue,
        workflowId: randomUUID(),
        args: [input, { taskQueue, resume }],
      });
      return 'ready';
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      const { cause } = error;
      const failure = cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure ? cause.cause : cause;
      assert.ok(failure instanceof ApplicationFailure);
      const [{ differs } = { differs: '' }] = (failure.details ?? []) as [{ differs?: string }?];
      if (failure.type === 'ConversationTakenError') return `refused: ${differs}` as Heard;
      return failure.type === 'MessageNotSentError' ? 'refused: message' : `failed: ${failure.type}`;
    }
  },
};

const clientInPython: Caller = {
  name: 'the client in Python',
  async start(input, { resume = false } = {}) {
    const inputFile = join(folder, `${randomUUID()}.json`);
    await writeFile(inputFile, JSON.stringify(input));
    const args = ['start_conversation.py', inputFile, ...(resume ? ['--resume'] : [])];
    const { output } = await runPython(args, temporal.variables);
    const { error, differs } = output as { error?: string; differs?: string };
    if (error === undefined) return 'ready';
    if (error === 'ConversationTakenError') return `refused: ${differs}` as Heard;
    return error === 'MessageNotSentError' ? 'refused: message' : `failed: ${error.replace(/Error$/, '')}`;
  },
};

const messages = (sid: string) => server.conversation(sid).messagesSeenByModel;
const another = (input: Input): Input => ({ ...input, initialUserMsg: { content: 'And the tests' } });

/** A start by another caller whose POST is held until it is released. */
async function heldStart(): Promise<{ input: Input; letGo: () => Promise<unknown> }> {
  const input = inputFor(server.url);
  const post = server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'delay-until' } });
  await conversations.start(input);
  await post.reached;
  return {
    input,
    letGo: () => {
      post.release();
      return conversations.wait(input.sid);
    },
  };
}

async function completed(): Promise<Input> {
  const input = inputFor(server.url);
  await conversations.ensureReady(input);
  return input;
}

for (const caller of [client, commandLine, childWorkflow, clientInPython]) {
  describe(caller.name, () => {
    test('attaches to a running start of the same input', async () => {
      const { input, letGo } = await heldStart();
      const heard = caller.start(input);
      await letGo();
      assert.equal(await heard, 'ready');
      assert.deepEqual(messages(input.sid), ['Fix the build']);
    });

    for (const { what, change } of [
      { what: 'user', change: { userId: 'bob' } },
      { what: 'server', change: { apiUrl: 'http://127.0.0.1:9' } },
      { what: 'message', change: { initialUserMsg: { content: 'And the tests' } } },
    ] as const) {
      test(`is rejected by a running start with another ${what}`, async () => {
        const { input, letGo } = await heldStart();
        assert.equal(await caller.start({ ...input, ...change }), `refused: ${what}`);
        await letGo();
        assert.deepEqual(messages(input.sid), ['Fix the build']);
      });

      test(`is rejected by a completed start with another ${what}`, async () => {
        const input = await completed();
        assert.equal(await caller.start({ ...input, ...change }), `refused: ${what}`);
        assert.deepEqual(messages(input.sid), ['Fix the build']);
      });
    }

    test('gets the result of a completed start of the same input', async () => {
      const input = await completed();
      assert.equal(await caller.start(input), 'ready');
      assert.deepEqual(messages(input.sid), ['Fix the build']);
    });

    test('gets the reason of a failed start and can start it again', async () => {
      server.options.settings = 'missing';
      const input = inputFor(server.url);
      assert.equal(await caller.start(input), 'failed: ConversationRejected');
      server.options.settings = 'complete';
      assert.equal(await caller.start(input), 'ready');
      assert.deepEqual(messages(input.sid), ['Fix the build']);
    });

    test('resumes a completed start with another message', async () => {
      const input = await completed();
      server.restart();
      assert.equal(await caller.start(another(input), { resume: true }), 'ready');
      assert.deepEqual(messages(input.sid), ['Fix the build', 'And the tests']);
    });

    test('shares one start with another caller at the same time', async () => {
      const input = inputFor(server.url);
      const heard = await Promise.all([caller.start(input), conversations.ensureReady(input).then(() => 'ready')]);
      assert.deepEqual(heard, ['ready', 'ready']);
      assert.deepEqual(messages(input.sid), ['Fix the build']);
    });

    test('sends one of two messages at once and reports the other as not sent', async () => {
      const input = inputFor(server.url);
      const heard = await Promise.all([caller.start(input), caller.start(another(input))]);
      assert.deepEqual([...heard].sort(), ['ready', 'refused: message']);
      assert.equal(messages(input.sid).length, 1);
    });
  });
}
