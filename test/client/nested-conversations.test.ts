import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Client, WorkflowNotFoundError } from '@temporalio/client';
import type { ConversationStatus } from '../../client/conversation-status.js';
import {
  ConversationAbortedError,
  ConversationFailedError,
  ConversationNotFoundError,
  ConversationNotReadyError,
  ConversationRejectedError,
  ConversationTakenError,
  InvalidInputError,
  UnauthorizedError,
} from '../../client/errors.js';
import { type EnsuredConversation, NestedConversations } from '../../client/nested-conversations.js';
import { defaultTaskQueue, workflowIdOf, workflowType } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { forFile } from '../harness/fixtures.js';
import { server } from '../harness/openhands-for-each-test.js';
import { startDevServer } from '../harness/temporal.js';

const temporal = await forFile(startDevServer());
const conversations = new NestedConversations(temporal.env.client);
/** Its starts wait for a worker, so they run until they are cancelled or terminated. */
const unattended = new NestedConversations(temporal.env.client, { taskQueue: 'without-a-worker' });

const create = 'POST /api/conversations';
const eventsOf = (sid: string) => `/api/conversations/${sid}/events`;
/** The result of a run that became ready at the first check. */
const readyAtOnce = (sid: string) => ({ conversationId: sid, status: 'RUNNING', attempts: 1 });

/** The result of `ensureReady` without the fields about the run. */
async function outcome(ready: Promise<EnsuredConversation>) {
  const { workflowId, runId, attached, attachedTo, ...result } = await ready;
  return result;
}
const terminate = (sid: string) => temporal.env.client.workflow.getHandle(workflowIdOf(sid)).terminate();

const holdCreate = () => server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'delay-until' } });

/** Holds the check after `looksBefore` others. `createConversation` reads the events twice, around its POST. */
const holdLook = (sid: string, looksBefore = 0) =>
  server.inject({ path: eventsOf(sid), after: 2 + looksBefore, fault: { kind: 'delay-until' } });

describe('an id with a running start', () => {
  test('is attached to by a second start without another POST', async () => {
    const input = inputFor(server.url);
    const post = holdCreate();
    const first = await conversations.start(input);
    await post.reached;
    const second = await conversations.start(input);
    assert.equal(first.attached, false);
    assert.deepEqual(second, { ...first, attached: true, attachedTo: 'running' });
    post.release();
    assert.deepEqual(await outcome(conversations.ensureReady(input)), readyAtOnce(input.sid));
    assert.equal(server.count(create), 1);
  });

  for (const callers of [2, 10]) {
    test(`has one run, one POST and one result for ${callers} callers at once`, async () => {
      const input = inputFor(server.url);
      const runIds = new Set<string>();
      const onProgress = ({ runId }: ConversationStatus) => runIds.add(runId);
      const calls = Array.from({ length: callers }, () => outcome(conversations.ensureReady(input, { onProgress })));
      assert.deepEqual(await Promise.all(calls), Array(callers).fill(readyAtOnce(input.sid)));
      assert.equal(runIds.size, 1);
      assert.equal(server.count(create), 1);
    });
  }

  const others = [
    { other: 'user', change: { userId: 'bob' } },
    { other: 'URL of the server', change: { apiUrl: 'http://127.0.0.1:9' } },
    { other: 'kind of server', change: { server: 'agent-server' } },
  ] as const;
  for (const { other, change } of others) {
    for (const resume of [false, true]) {
      test(`rejects a caller with another ${other}${resume ? ' who resumes' : ''}`, async () => {
        const theirs = inputFor(server.url, { sid: randomUUID(), userId: 'ada-lovelace' });
        await unattended.start(theirs);
        const error = await rejection(unattended.start({ ...theirs, ...change }, { resume }));
        assert.ok(error instanceof ConversationTakenError);
        assert.equal(error.sid, theirs.sid);
        const shown = JSON.stringify({ ...error, message: error.message });
        for (const secret of [theirs.userId, theirs.apiUrl, 'Fix the build']) {
          assert.ok(!shown.includes(secret), `${shown} shows ${secret}`);
        }
        await terminate(theirs.sid);
      });
    }
  }
});

describe('an id whose run has ended', () => {
  for (const settings of ['complete', 'missing'] as const) {
    test(`still belongs to its user, whether it is resumed or started again (settings ${settings})`, async () => {
      server.options.settings = settings;
      const input = inputFor(server.url);
      await conversations.ensureReady(input).catch(() => undefined);
      const bobs = { ...input, userId: 'bob', initialUserMsg: { content: 'Mine now' } };
      const posts = server.count(create);
      for (const resume of [false, true]) {
        await assert.rejects(conversations.start(bobs, { resume }), ConversationTakenError);
      }
      assert.equal(server.count(create), posts);
    });
  }

  test('can be started again after a failure', async () => {
    server.options.settings = 'missing';
    const input = inputFor(server.url);
    const first = await conversations.start(input);
    await assert.rejects(conversations.ensureReady(input), ConversationRejectedError);
    server.options.settings = 'complete';
    assert.deepEqual(await outcome(conversations.ensureReady(input)), readyAtOnce(input.sid));
    assert.notEqual((await conversations.status(input.sid)).runId, first.runId);
  });

  test("returns a completed run's result without a request to the server", async () => {
    const input = inputFor(server.url);
    const first = await conversations.ensureReady(input);
    const requests = server.requests.length;
    assert.equal(first.attached, false);
    assert.deepEqual(await conversations.ensureReady(input), { ...first, attached: true, attachedTo: 'ready' });
    const { attached, attachedTo, runId } = await conversations.start(input);
    assert.deepEqual({ attached, attachedTo, runId }, { attached: true, attachedTo: 'ready', runId: first.runId });
    assert.equal(server.requests.length, requests);
  });

  test('takes a new message if a completed run is resumed', async () => {
    const input = inputFor(server.url);
    await conversations.ensureReady(input);
    const first = await conversations.status(input.sid);
    server.restart();
    const next = { ...input, initialUserMsg: { content: 'And the tests' } };
    assert.deepEqual(await outcome(conversations.ensureReady(next, { resume: true })), readyAtOnce(input.sid));
    assert.notEqual((await conversations.status(input.sid)).runId, first.runId);
    assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build', 'And the tests']);
  });

  test('does not show its result to another user', async () => {
    const input = inputFor(server.url);
    await conversations.ensureReady(input);
    await assert.rejects(conversations.ensureReady({ ...input, userId: 'bob' }), ConversationTakenError);
  });
});

describe('a start that fails', () => {
  test('with InvalidInput does not reach Temporal', async () => {
    const input = inputFor(server.url, { userId: '', readiness: { maximumAttempts: 0 } });
    const error = await rejection(conversations.ensureReady(input));
    assert.ok(error instanceof InvalidInputError);
    assert.deepEqual(
      error.details.problems.map(({ field }) => field),
      ['userId', 'readiness.maximumAttempts'],
    );
    const handle = temporal.env.client.workflow.getHandle(workflowIdOf(input.sid));
    await assert.rejects(handle.describe(), WorkflowNotFoundError);
    assert.equal(server.requests.length, 0);
  });

  test('with InvalidInput reports the same if the client did not validate', async () => {
    const sid = randomUUID();
    const { client } = temporal.env;
    const handle = await client.workflow.start(workflowType, {
      workflowId: workflowIdOf(sid),
      taskQueue: defaultTaskQueue,
      args: [inputFor(server.url, { sid, userId: '' })],
    });
    await assert.rejects(handle.result());
    const error = await rejection(conversations.result(sid));
    assert.ok(error instanceof InvalidInputError);
    assert.deepEqual(error.details, { problems: [{ field: 'userId', problem: 'is empty' }] });
  });

  test("with ConversationRejected reports the server's msg_id", async () => {
    server.options.settings = 'missing';
    const error = await rejection(conversations.ensureReady(inputFor(server.url)));
    assert.ok(error instanceof ConversationRejectedError);
    assert.deepEqual(error.details, {
      method: 'POST',
      url: `${server.url}/api/conversations`,
      status: 400,
      msgId: 'CONFIGURATION$SETTINGS_NOT_FOUND',
    });
  });

  test('with Unauthorized reports the status and neither key', async () => {
    server.options.sessionApiKey = 'the-right-key';
    const input = inputFor(server.url, { client: { sessionApiKey: 'the-wrong-key' } });
    const error = await rejection(conversations.ensureReady(input));
    assert.ok(error instanceof UnauthorizedError);
    assert.equal(error.details.status, 401);
    assert.doesNotMatch(error.message, /the-(right|wrong)-key/);
  });

  test('with ConversationNotReady reports its policy and what the last check saw', async () => {
    const input = inputFor(server.url, { readiness: { interval: '1 second', maximumAttempts: 2 } });
    server.script(input.sid, { agent: 'dead' });
    const error = await rejection(conversations.ensureReady(input));
    assert.ok(error instanceof ConversationNotReadyError);
    const { waitedMs, ...details } = error.details;
    assert.equal(typeof waitedMs, 'number');
    assert.deepEqual(details, {
      attempts: 2,
      maximumAttempts: 2,
      interval: '1 second',
      lastObservation: 'RUNNING (agent loading)',
    });
  });

  test("with ConversationFailed reports the server's reason", async () => {
    const input = inputFor(server.url);
    server.script(input.sid, { agent: 'errors', errorReason: 'STATUS$ERROR_LLM_OUT_OF_CREDITS' });
    const error = await rejection(conversations.ensureReady(input));
    assert.ok(error instanceof ConversationFailedError);
    assert.deepEqual(error.details, { reason: 'STATUS$ERROR_LLM_OUT_OF_CREDITS' });
  });

  test('because it was cancelled says so', async () => {
    const input = inputFor(server.url, { readiness: { interval: '1 hour' } });
    server.script(input.sid, { agent: 'dead' });
    const failure = rejection(conversations.ensureReady(input));
    await server.received(`GET ${eventsOf(input.sid)}`, 3);
    await conversations.cancel(input.sid);
    await assertAborted(await failure, input.sid, 'cancelled');
  });

  test('because it was terminated says so', async () => {
    const input = inputFor(server.url);
    const onProgress = ({ closedAt }: ConversationStatus) => void (closedAt || terminate(input.sid));
    await assertAborted(await rejection(unattended.ensureReady(input, { onProgress })), input.sid, 'terminated');
  });
});

describe('the status of a start', () => {
  test('is queued until a worker takes it up', async () => {
    const input = inputFor(server.url);
    await unattended.start(input);
    assert.deepEqual(await knownOf(input.sid), { phase: 'queued' });
    await terminate(input.sid);
  });

  test('is creating during the POST', async () => {
    const input = inputFor(server.url);
    const post = holdCreate();
    await conversations.start(input);
    await post.reached;
    assert.deepEqual(await knownOf(input.sid), { phase: 'creating', attempts: 0, maximumAttempts: 12 });
    post.release();
  });

  test('is checking during the readiness checks, with their number and what the last one saw', async () => {
    const input = inputFor(server.url, { readiness: { interval: '1 second', maximumAttempts: 2 } });
    server.script(input.sid, { agent: 'dead' });
    const look = holdLook(input.sid, 1);
    await conversations.start(input);
    await look.reached;
    assert.deepEqual(await knownOf(input.sid), {
      phase: 'checking',
      attempts: 1,
      maximumAttempts: 2,
      lastSeen: `${input.sid} is RUNNING (agent loading); look 1 of 2, next in 1 second`,
    });
    look.release();
  });

  test('is stopping while a failed start is cleaned up', async () => {
    const input = inputFor(server.url, { onFailure: 'stop' });
    server.script(input.sid, { agent: 'errors' });
    const path = `/api/conversations/${input.sid}/stop`;
    const stop = server.inject({ method: 'POST', path, fault: { kind: 'delay-until' } });
    await conversations.start(input);
    await stop.reached;
    assert.deepEqual(await knownOf(input.sid), { phase: 'stopping', attempts: 0, maximumAttempts: 2 });
    stop.release();
    await assert.rejects(conversations.ensureReady(input), ConversationFailedError);
  });

  for (const { phase, settings } of [
    { phase: 'ready', settings: 'complete' },
    { phase: 'failed', settings: 'missing' },
  ] as const) {
    test(`is ${phase} at the end, with the time`, async () => {
      server.options.settings = settings;
      const input = inputFor(server.url);
      await conversations.ensureReady(input).catch(() => undefined);
      const { closedAt, startedAt } = await conversations.status(input.sid);
      assert.deepEqual(await knownOf(input.sid), { phase });
      assert.ok(closedAt && closedAt >= startedAt);
    });
  }

  test('says that no worker continues it, until one does', async () => {
    const taskQueue = randomUUID();
    const starts = new NestedConversations(temporal.env.client, { taskQueue });
    const input = inputFor(server.url, { readiness: { interval: '1 second' } });
    server.script(input.sid, { loadingLooks: 4 });
    const worker = await temporal.newWorker({ taskQueue });
    const look = holdLook(input.sid);
    await worker.runUntil(async () => {
      await starts.start(input);
      await look.reached;
      look.release();
      await until(async () => (await starts.status(input.sid)).lastSeen !== undefined);
      assert.equal((await starts.status(input.sid)).overdue, undefined);
    });
    await until(async () => (await starts.status(input.sid)).overdue !== undefined);
    const { phase, overdue } = await starts.status(input.sid);
    assert.deepEqual({ phase, taskQueue: overdue?.taskQueue }, { phase: 'checking', taskQueue });
    assert.ok(overdue && overdue.since < new Date());

    const next = await temporal.newWorker({ taskQueue });
    await next.runUntil(starts.ensureReady(input));
    assert.equal((await starts.status(input.sid)).overdue, undefined);
  });

  test('includes its user and its server', async () => {
    const input = inputFor(server.url);
    await unattended.start(input);
    const { userId, apiUrl, server: dialect } = await unattended.status(input.sid);
    assert.deepEqual({ userId, apiUrl, dialect }, { userId: 'ada', apiUrl: server.url, dialect: 'openhands' });
    await terminate(input.sid);
  });

  for (const call of ['status', 'result', 'cancel'] as const) {
    test(`of an unknown sid is reported as not found by ${call}`, async () => {
      await assert.rejects(conversations[call]('never-started'), ConversationNotFoundError);
    });
  }
});

describe('waiting', () => {
  test('ends with the reason of its signal, while the start continues', async () => {
    const input = inputFor(server.url);
    const post = holdCreate();
    const waiting = new AbortController();
    const enough = new Error('enough');
    const error = await rejection(
      conversations.ensureReady(input, { signal: waiting.signal, onProgress: () => waiting.abort(enough) }),
    );
    assert.equal(error, enough);
    await post.reached;
    post.release();
    assert.deepEqual(await outcome(conversations.ensureReady(input)), readyAtOnce(input.sid));
    assert.equal(server.count(create), 1);
  });

  test('reports each change once', async () => {
    const input = inputFor(server.url);
    const look = holdLook(input.sid);
    let glances = 0;
    const { connection, options } = temporal.env.client;
    const watched = new Client({
      connection,
      namespace: options.namespace,
      interceptors: {
        workflow: [
          {
            describe(described, next) {
              glances += 1;
              if (glances === 4) look.release();
              return next(described);
            },
          },
        ],
      },
    });
    const reports: string[] = [];
    const onProgress = (status: ConversationStatus) => reports.push(JSON.stringify(status));
    await new NestedConversations(watched).ensureReady(input, { onProgress });
    assert.deepEqual([...new Set(reports)], reports);
    assert.ok(reports.length < glances);
    assert.match(reports.at(-1) ?? '', /"phase":"ready"/);
  });
});

async function assertAborted(error: unknown, sid: string, how: 'cancelled' | 'terminated'): Promise<void> {
  assert.ok(error instanceof ConversationAbortedError);
  assert.deepEqual({ sid: error.sid, how: error.how }, { sid, how });
  assert.deepEqual(await knownOf(sid), { phase: how });
}

/** The status without the fields about the run and its times. */
async function knownOf(sid: string): Promise<Partial<ConversationStatus>> {
  const status = await conversations.status(sid);
  assert.equal(status.sid, sid);
  assert.equal(status.workflowId, workflowIdOf(sid));
  const { sid: _, workflowId, runId, startedAt, closedAt, userId, apiUrl, server: dialect, ...known } = status;
  return known;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setTimeout(100);
}

async function rejection(outcome: Promise<unknown>): Promise<unknown> {
  return outcome.then(
    (value) => assert.fail(`expected a rejection, got ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}
