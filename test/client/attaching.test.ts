import assert from 'node:assert/strict';
import { createSecretKey, randomUUID } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import { Client, type WorkflowClientInterceptor } from '@temporalio/client';
import { createEnsureReadyActivities } from '../../client/ensure-ready-activity.js';
import {
  ConversationTakenError,
  MessageNotSentError,
  NestedConversationError,
  NestedConversations,
  StartNotComparableError,
  UnauthorizedError,
  WaitTimeoutError,
} from '../../client/index.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import { FolderStore } from '../../codec/folder-store.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { defaultTaskQueue, workflowIdOf, workflowType } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { AgentServerStandIn } from '../../dev-stack/stand-ins/agent-server-stand-in.js';
import { ActivityEnvironment } from '../activities/activity-environment.js';
import { folderFor, forFile, forTest } from '../harness/fixtures.js';
import { server } from '../harness/openhands-for-each-test.js';
import { startDevServer } from '../harness/temporal.js';

/** Which callers may attach to an existing run, depending on the input that it was started with. */

const temporal = await forFile(startDevServer());
const onHint = () => undefined;
const conversations = new NestedConversations(temporal.env.client, { onHint });
/** Its starts wait for a worker, so they run until they are terminated. */
const unattended = new NestedConversations(temporal.env.client, { taskQueue: 'without-a-worker', onHint });

const create = 'POST /api/conversations';
const terminate = (sid: string) => temporal.env.client.workflow.getHandle(workflowIdOf(sid)).terminate();
const messagesOf = (sid: string) => server.conversation(sid).messagesSeenByModel;

async function rejection(outcome: Promise<unknown>): Promise<unknown> {
  return outcome.then(
    (value) => assert.fail(`expected a rejection, got ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}

/** Starts the workflow like another client: without a memo, with input of any shape. */
const startRaw = (input: object, sid: string, taskQueue = 'without-a-worker') =>
  temporal.env.client.workflow.start(workflowType, { workflowId: workflowIdOf(sid), taskQueue, args: [input] });

const replay = (content: string) => JSON.stringify([{ source: 'user', action: 'message', args: { content } }]);

const deliveries: readonly {
  differs: 'message' | 'images' | 'replay';
  change: Partial<CreateNestedConversationInput>;
}[] = [
  { differs: 'message', change: { initialUserMsg: { content: 'Fix the tests' } } },
  { differs: 'message', change: { initialUserMsg: null } },
  { differs: 'images', change: { initialUserMsg: { content: 'Fix the build', imageUrls: ['http://h/a.png'] } } },
  { differs: 'message', change: { initialUserMsg: null, replayJson: replay('Fix the build') } },
];

describe('another message for a conversation', () => {
  for (const { differs, change } of deliveries) {
    test(`that is being started is rejected: ${JSON.stringify(change)}`, async () => {
      const input = inputFor(server.url);
      const { runId, workflowId } = await unattended.start(input);
      const error = await rejection(unattended.ensureReady({ ...input, ...change }));
      assert.ok(error instanceof MessageNotSentError && error instanceof NestedConversationError);
      assert.deepEqual(error.details, { differs, run: 'running' });
      assert.deepEqual([error.sid, error.workflowId, error.runId], [input.sid, workflowId, runId]);
      assert.match(error.message, /not sent to conv-\S+: it is being started with (others|another one)/);
      await terminate(input.sid);
    });

    test(`that is ready is rejected with a hint to resume: ${JSON.stringify(change)}`, async () => {
      const input = inputFor(server.url);
      await conversations.ensureReady(input);
      const error = await rejection(conversations.start({ ...input, ...change }));
      assert.ok(error instanceof MessageNotSentError);
      assert.deepEqual(error.details, { differs, run: 'ready' });
      assert.match(error.message, /start with resume/);
      assert.equal(server.count(create), 1);
    });
  }

  test('can be a different replay', async () => {
    const input = inputFor(server.url, { initialUserMsg: null, replayJson: replay('one') });
    await unattended.start(input);
    const error = await rejection(unattended.start({ ...input, replayJson: replay('other') }));
    assert.ok(error instanceof MessageNotSentError && error.details.differs === 'replay');
    await terminate(input.sid);
  });

  test('is not detected if only the spelling of the input differs', async () => {
    const input = inputFor(server.url);
    await unattended.start(input);
    const spelled = {
      ...input,
      apiUrl: `${server.url}//`,
      server: 'openhands' as const,
      initialUserMsg: { imageUrls: [], content: 'Fix the build' },
    };
    assert.equal((await unattended.start(spelled)).attachedTo, 'running');
    await terminate(input.sid);
  });
});

test('a large replay is compared by its digest without being fetched', async (t) => {
  const payloadStore = new FolderStore(await folderFor(t));
  const withStore = new NestedConversations(temporal.env.client, { taskQueue: 'without-a-worker', payloadStore });
  const large = (letter: string) => replay(letter.repeat(3_000_000));
  const input = inputFor(server.url, { initialUserMsg: null, replayJson: large('a') });
  await withStore.start(input);
  assert.equal((await withStore.start(input)).attached, true);
  await assert.rejects(withStore.start({ ...input, replayJson: large('b') }), { name: 'MessageNotSentError' });
  await terminate(input.sid);
});

describe('a run of another client', () => {
  test('without a memo can be attached to by the same start', async () => {
    const input = inputFor(server.url);
    const { firstExecutionRunId } = await startRaw(input, input.sid);
    const { runId, attachedTo } = await unattended.start(input);
    assert.deepEqual([runId, attachedTo], [firstExecutionRunId, 'running']);
    await assert.rejects(unattended.start({ ...input, userId: 'bob' }), { details: { differs: 'user' } });
    await assert.rejects(unattended.start({ ...input, server: 'openhands', apiUrl: 'http://127.0.0.1:9' }), {
      details: { differs: 'server' },
    });
    await terminate(input.sid);
  });

  test('whose memo claims another user is compared by its input', async () => {
    const input = inputFor(server.url);
    await temporal.env.client.workflow.start(workflowType, {
      workflowId: workflowIdOf(input.sid),
      taskQueue: 'without-a-worker',
      args: [{ ...input, userId: 'mallory' }],
      memo: { userId: 'ada', apiUrl: server.url, server: 'openhands' },
    });
    await assert.rejects(unattended.start(input), ConversationTakenError);
    await terminate(input.sid);
  });

  for (const { what, input } of [
    { what: 'not an object', input: ['nothing'] },
    { what: 'null', input: null },
  ]) {
    test(`with an input that is ${what} can't be compared`, async () => {
      const sid = `conv-${randomUUID()}`;
      await startRaw(input as object, sid);
      await assert.rejects(unattended.start(inputFor(server.url, { sid })), StartNotComparableError);
      await terminate(sid);
    });
  }

  test("that is encrypted with a missing key can't be compared, but its status can be read", async () => {
    const dataConverter = dataConverterFor(new Map([['elsewhere', createSecretKey(Buffer.alloc(32, 1))]]));
    const { connection } = temporal.env;
    const encrypting = new NestedConversations(
      new Client({ connection, namespace: temporal.namespace, dataConverter }),
      { taskQueue: 'elsewhere' },
    );
    const input = inputFor(server.url);
    await encrypting.start(input);
    const error = await rejection(unattended.start(input));
    assert.ok(error instanceof StartNotComparableError);
    assert.match(error.message, /encrypted/);
    assert.equal((await unattended.status(input.sid)).phase, 'queued');
    await terminate(input.sid);
  });

  test('that failed because it named no user does not block another start', async () => {
    const input = inputFor(server.url);
    const handle = await startRaw({ ...input, userId: undefined }, input.sid, defaultTaskQueue);
    await handle.result().catch(() => undefined);
    assert.equal((await conversations.ensureReady(input)).attached, false);
  });
});

describe('a workflow of another type under the id of a conversation', () => {
  test('is not taken for a start of the conversation', async () => {
    const input = inputFor(server.url);
    const handle = await temporal.env.client.workflow.start('openWorkspace', {
      workflowId: workflowIdOf(input.sid),
      taskQueue: 'without-a-worker',
      args: [input],
    });
    const calls = {
      start: () => conversations.start(input),
      resume: () => conversations.start(input, { resume: true }),
      ensureReady: () => conversations.ensureReady(input),
      wait: () => conversations.wait(input.sid),
      status: () => conversations.status(input.sid),
      result: () => conversations.result(input.sid),
      cancel: () => conversations.cancel(input.sid),
    };
    for (const call of Object.values(calls)) {
      const error = await rejection(call());
      assert.ok(error instanceof ConversationTakenError);
      assert.equal(error.details.differs, 'workflow');
    }
    assert.equal((await handle.describe()).status.name, 'RUNNING');
    await terminate(input.sid);
  });
});

describe('a call that is repeated', () => {
  const { ensureConversationReady } = createEnsureReadyActivities(conversations);
  /** One attempt of an activity. */
  const attempt = (activityId: string, input: CreateNestedConversationInput) =>
    new ActivityEnvironment({ activityId }).run(ensureConversationReady, input);

  test('reports the failure of the run that it started, and starts no other', async () => {
    const input = inputFor(server.url);
    server.script(input.sid, { agent: 'errors', errorReason: 'out of credit' });
    const runs = new Set<string>();
    for (const _ of [1, 2]) {
      await assert.rejects(attempt('1', input), { type: 'ConversationFailed' });
      runs.add((await conversations.status(input.sid)).runId);
    }
    assert.equal(runs.size, 1);
    assert.deepEqual(messagesOf(input.sid), ['Fix the build']);
  });

  test('reports that the run that it started was cancelled, and starts no other', async () => {
    const input = inputFor(server.url);
    server.script(input.sid, { agent: 'dead' });
    const first = attempt('1', input);
    await server.received(create, 1);
    await conversations.cancel(input.sid);
    await assert.rejects(first, { type: 'ConversationAbortedError' });
    await assert.rejects(attempt('1', input), { type: 'ConversationAbortedError' });
    assert.equal(server.count(create), 1);
    await assert.rejects(
      conversations.ensureReady(input, { callId: 'another', timeout: '1 second' }),
      WaitTimeoutError,
    );
    await terminate(input.sid);
  });

  test('with another message is refused, although Temporal knows the call', async () => {
    const input = inputFor(server.url);
    await conversations.ensureReady(input, { callId: 'call-1' });
    const other = { ...input, initialUserMsg: { content: 'And the tests' } };
    await assert.rejects(conversations.ensureReady(other, { callId: 'call-1' }), MessageNotSentError);
    const stranger = { ...input, userId: 'eve' };
    await assert.rejects(conversations.ensureReady(stranger, { callId: 'call-1' }), ConversationTakenError);
    assert.deepEqual(messagesOf(input.sid), ['Fix the build']);
  });
});

describe('resuming', () => {
  const next = (input: CreateNestedConversationInput) => ({ ...input, initialUserMsg: { content: 'And the tests' } });
  let input: CreateNestedConversationInput & { sid: string };
  beforeEach(async () => {
    input = inputFor(server.url);
    await conversations.ensureReady(input);
    server.restart();
  });

  test('by two callers at once is one run and sends the message once', async () => {
    const resumed = await Promise.all([1, 2, 3].map(() => conversations.ensureReady(next(input), { resume: true })));
    assert.equal(new Set(resumed.map(({ runId }) => runId)).size, 1);
    assert.deepEqual(messagesOf(input.sid), ['Fix the build', 'And the tests']);
  });

  test('again in the same call sends the message once', async () => {
    const first = await conversations.ensureReady(next(input), { resume: true, callId: 'call-1' });
    const again = await conversations.ensureReady(next(input), { resume: true, callId: 'call-1' });
    assert.equal(again.runId, first.runId);
    assert.deepEqual(messagesOf(input.sid), ['Fix the build', 'And the tests']);
  });

  test('by two callers with different messages sends one and rejects the other', async () => {
    const other = { ...input, initialUserMsg: { content: 'And the docs' } };
    const outcomes = await Promise.allSettled([
      conversations.ensureReady(next(input), { resume: true }),
      conversations.ensureReady(other, { resume: true }),
    ]);
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    assert.equal(refused.length, 1);
    assert.ok(refused[0] instanceof MessageNotSentError);
    assert.equal(messagesOf(input.sid).length, 2);
  });

  /** A client whose first request is sent after `meanwhile` is done. */
  const late = (meanwhile: () => Promise<unknown>) => {
    let isFirst = true;
    const interceptor: WorkflowClientInterceptor = {
      async startWithDetails(started, goOn) {
        if (isFirst) {
          isFirst = false;
          await meanwhile();
        }
        return goOn(started);
      },
    };
    const { connection } = temporal.env;
    const client = new Client({ connection, namespace: temporal.namespace, interceptors: { workflow: [interceptor] } });
    return new NestedConversations(client, { onHint });
  };

  test('shares a run that began and ended during the call', async () => {
    const first = () => conversations.ensureReady(next(input), { resume: true });
    const { attached, attachedTo } = await late(first).ensureReady(next(input), { resume: true });
    assert.deepEqual([attached, attachedTo], [true, 'ready']);
    assert.deepEqual(messagesOf(input.sid), ['Fix the build', 'And the tests']);
  });

  test('is rejected if a run with another message began and ended during the call', async () => {
    const first = () => conversations.ensureReady(next(input), { resume: true });
    const other = { ...input, initialUserMsg: { content: 'And the docs' } };
    await assert.rejects(late(first).ensureReady(other, { resume: true }), {
      details: { differs: 'message', run: 'ready' },
    });
    assert.deepEqual(messagesOf(input.sid), ['Fix the build', 'And the tests']);
  });

  test('with resumeAfter shares the run that the first attempt began', async () => {
    const { runId: resumeAfter } = await conversations.status(input.sid);
    const first = await conversations.ensureReady(next(input), { resumeAfter });
    const second = await conversations.ensureReady(next(input), { resumeAfter });
    assert.deepEqual([first.attached, second.attached, second.runId], [false, true, first.runId]);
    await assert.rejects(conversations.start(input, { resumeAfter }), {
      details: { differs: 'message', run: 'ready' },
    });
    assert.deepEqual(messagesOf(input.sid), ['Fix the build', 'And the tests']);
  });

  test('twice in sequence sends the message twice', async () => {
    await conversations.ensureReady(next(input), { resume: true });
    await conversations.ensureReady(next(input), { resume: true });
    assert.deepEqual(messagesOf(input.sid), ['Fix the build', 'And the tests', 'And the tests']);
  });

  test('attaches to a running start with the same message, and is rejected by one with another', async () => {
    const post = server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'delay-until' } });
    const first = await conversations.start(next(input), { resume: true });
    await post.reached;
    assert.equal((await conversations.start(next(input), { resume: true })).runId, first.runId);
    await assert.rejects(conversations.start(input, { resume: true }), {
      details: { differs: 'message', run: 'running' },
    });
    post.release();
    await conversations.wait(input.sid);
  });
});

describe('an agent-server conversation id in another spelling', () => {
  test('attaches to the same start', async (t) => {
    const agentServer = await forTest(t, AgentServerStandIn.listen());
    const sid = randomUUID();
    const input = inputFor(agentServer.url, {
      sid,
      server: 'agent-server',
      settings: { agentSettings: { llm: { model: 'm' } }, workspace: { working_dir: '/w' } },
    });
    const first = await unattended.start({ ...input, sid: sid.toUpperCase() });
    assert.equal(first.sid, sid);
    assert.deepEqual(await unattended.start({ ...input, sid: sid.replaceAll('-', '') }), {
      ...first,
      attached: true,
      attachedTo: 'running',
    });
    assert.equal((await unattended.status(sid.toUpperCase())).runId, first.runId);
    await terminate(sid);
  });
});

test('every error has the sid, the workflow id, the run id and its cause', async () => {
  server.options.sessionApiKey = 'the-right-key';
  const input = inputFor(server.url);
  const error = await rejection(conversations.ensureReady(input));
  assert.ok(error instanceof UnauthorizedError && error instanceof NestedConversationError);
  const { runId, workflowId } = await conversations.status(input.sid);
  assert.deepEqual([error.sid, error.workflowId, error.runId], [input.sid, workflowId, runId]);
  assert.equal((error.cause as Error).name, 'ApplicationFailure');
});
