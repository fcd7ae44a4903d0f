import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, ServiceError, type WorkflowClientInterceptor } from '@temporalio/client';
import type { ConversationStatus, Retrying } from '../../client/conversation-status.js';
import { ConversationAbortedError, ConversationNotFoundError, WaitTimeoutError } from '../../client/errors.js';
import { type EnsuredConversation, NestedConversations } from '../../client/nested-conversations.js';
import { workflowIdOf } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { forFile } from '../harness/fixtures.js';
import { server } from '../harness/openhands-for-each-test.js';
import { startTcpLine } from '../harness/tcp-line.js';
import { startDevServer } from '../harness/temporal.js';

/** `ensureReady` when Temporal does not answer. */

const temporal = await forFile(startDevServer());
const line = await forFile(startTcpLine({ targetPort: Number(temporal.env.address.split(':').at(-1)) }));
// Without the SDK's retries, which would hide the first seconds of an outage.
const connection = await forFile(Connection.connect({ address: `127.0.0.1:${line.port}`, interceptors: [] }));

const create = 'POST /api/conversations';
const readyAtOnce = (sid: string) => ({ conversationId: sid, status: 'RUNNING', attempts: 1 });

/** The result of `ensureReady` without the fields about the run. */
async function outcome(ready: Promise<EnsuredConversation>) {
  const { workflowId, runId, attached, attachedTo, ...result } = await ready;
  return result;
}
const through = (interceptor: WorkflowClientInterceptor) =>
  new NestedConversations(
    new Client({ connection, namespace: temporal.namespace, interceptors: { workflow: [interceptor] } }),
  );

/** An answer of Temporal in the form in which the SDK throws it. */
const grpcError = (code: number) =>
  new ServiceError('Failed', { cause: Object.assign(new Error('Failed'), { code, details: '', metadata: {} }) });
const deadlineExceeded = 4;
const resourceExhausted = 8;
const unavailable = 14;

describe('a lost connection', () => {
  let conversations: NestedConversations;
  /** Resolves once a call has failed. */
  let failed: Promise<void>;
  beforeEach(() => {
    failed = new Promise((resolve) => {
      const tell = (error: unknown) => {
        resolve();
        throw error;
      };
      conversations = through({
        start: (input, next) => next(input).catch(tell),
        describe: (input, next) => next(input).catch(tell),
      });
    });
  });

  test('makes a caller wait longer', async () => {
    const input = inputFor(server.url);
    const path = `/api/conversations/${input.sid}/events`;
    const look = server.inject({ path, after: 2, fault: { kind: 'delay-until' } });
    const result = conversations.ensureReady(input);
    await look.reached;
    await line.cut();
    await failed;
    look.release();
    await line.restore();
    assert.deepEqual(await outcome(result), readyAtOnce(input.sid));
  });

  test('delays a start', async () => {
    const input = inputFor(server.url);
    await line.cut();
    const result = conversations.ensureReady(input);
    await failed;
    assert.equal(server.count(create), 0);
    await line.restore();
    assert.deepEqual(await outcome(result), readyAtOnce(input.sid));
  });
});

for (const { how, code, resume } of [
  { how: 'refuses', code: resourceExhausted, resume: false },
  { how: 'refuses to resume', code: resourceExhausted, resume: true },
  { how: 'lets time out', code: deadlineExceeded, resume: false },
]) {
  test(`a start that a busy Temporal ${how} is repeated`, async () => {
    const input = inputFor(server.url);
    // Waits for enough readiness checks.
    const path = `/api/conversations/${input.sid}/events`;
    const look = server.inject({ path, after: 2, fault: { kind: 'delay-until' } });
    const busy = { start: 2, describe: 2 };
    const turnAway = (call: keyof typeof busy) => {
      busy[call] -= 1;
      if (busy[call] >= 0) throw grpcError(code);
    };
    const conversations = through({
      async start(started, next) {
        turnAway('start');
        return next(started);
      },
      async describe(described, next) {
        turnAway('describe');
        const description = await next(described);
        look.release();
        return description;
      },
    });
    assert.deepEqual(
      await outcome(conversations.ensureReady(input, { resume, onProgress: () => undefined })),
      readyAtOnce(input.sid),
    );
    assert.ok(busy.start < 0 && busy.describe < 0);
    assert.equal(server.count(create), 1);
  });
}

describe('a start whose answer is lost', () => {
  let conversations: NestedConversations;
  beforeEach(() => {
    let isFirst = true;
    conversations = through({
      async start(input, next) {
        const runId = await next(input);
        if (!isFirst) return runId;
        isFirst = false;
        throw grpcError(unavailable);
      },
    });
  });

  test('is repeated and is the same start', async () => {
    const input = inputFor(server.url);
    const { attached } = await conversations.ensureReady(input);
    assert.equal(attached, false);
    assert.equal(server.count(create), 1);
  });

  test('is repeated if it resumes, and continues the run that it began', async () => {
    const input = inputFor(server.url);
    await new NestedConversations(temporal.env.client).ensureReady(input);
    const next = { ...input, initialUserMsg: { content: 'And the tests' } };
    await conversations.ensureReady(next, { resume: true });
    assert.equal(
      server.conversation(input.sid).messagesSeenByModel.filter((text) => text === 'And the tests').length,
      1,
    );
  });
});

describe('an outage', () => {
  test('is reported with the last known state until Temporal answers', async () => {
    const input = inputFor(server.url);
    const path = `/api/conversations/${input.sid}/events`;
    const look = server.inject({ path, after: 2, fault: { kind: 'delay-until' } });
    const conversations = new NestedConversations(new Client({ connection, namespace: temporal.namespace }));
    const reports: ConversationStatus[] = [];
    let tellOutage: (retrying: Retrying) => void = () => undefined;
    const outage = new Promise<Retrying>((resolve) => {
      tellOutage = resolve;
    });
    const onProgress = (status: ConversationStatus) => reports.push(status);
    const result = conversations.ensureReady(input, { onProgress, onRetrying: tellOutage });
    await look.reached;
    while (reports.at(-1)?.phase !== 'checking') await sleep(50);
    await line.cut();
    const { since, reason } = await outage;
    assert.ok(since <= new Date() && reason.length > 0);
    const stale = reports.at(-1);
    assert.deepEqual([stale?.phase, stale?.retrying?.since], ['checking', since]);
    look.release();
    await line.restore();
    await result;
    assert.deepEqual([reports.at(-1)?.phase, reports.at(-1)?.retrying], ['ready', undefined]);
  });

  test('is reported even if nothing is known about the start', async () => {
    const input = inputFor(server.url);
    const conversations = new NestedConversations(new Client({ connection, namespace: temporal.namespace }));
    await line.cut();
    const waiting = new AbortController();
    const onRetrying = ({ reason }: Retrying) => waiting.abort(new Error(reason));
    await assert.rejects(conversations.ensureReady(input, { onRetrying, signal: waiting.signal }));
    await line.restore();
  });
});

describe('a time limit', () => {
  test('ends the wait with the last known status, while the start continues', async () => {
    const input = inputFor(server.url);
    const path = `/api/conversations/${input.sid}/events`;
    const look = server.inject({ path, after: 2, fault: { kind: 'delay-until' } });
    const conversations = new NestedConversations(temporal.env.client);
    const onProgress = () => undefined;
    const error = await conversations.ensureReady(input, { timeout: '2 seconds', onProgress }).catch((error) => error);
    assert.ok(error instanceof WaitTimeoutError);
    const { workflowId, runId } = await conversations.status(input.sid);
    assert.deepEqual([error.sid, error.workflowId, error.runId], [input.sid, workflowId, runId]);
    assert.equal(error.details.status?.phase, 'checking');
    look.release();
    assert.equal((await conversations.wait(input.sid, { timeout: '1 minute' })).runId, runId);
  });

  for (const timeout of ['soon', '0 seconds', '25 days'] as const) {
    test(`of ${timeout} is rejected and nothing is started`, async () => {
      const conversations = new NestedConversations(temporal.env.client);
      const input = inputFor(server.url);
      const waiting = conversations.ensureReady(input, { timeout: timeout as '1 second' });
      await assert.rejects(waiting, { name: 'InvalidInputError' });
      await assert.rejects(conversations.status(input.sid), ConversationNotFoundError);
    });
  }
});

describe('many waits in one process', () => {
  /** Counts the long polls in flight. */
  const counting = () => {
    const { workflowService } = temporal.env.connection;
    const original = workflowService.getWorkflowExecutionHistory;
    const polls = { now: 0, most: 0, describes: 0 };
    const describeRun = workflowService.describeWorkflowExecution;
    workflowService.describeWorkflowExecution = ((request: never) => {
      polls.describes += 1;
      return describeRun.call(workflowService, request);
    }) as typeof describeRun;
    workflowService.getWorkflowExecutionHistory = async function poll(this: typeof workflowService, request: never) {
      const isLong = (request as { waitNewEvent?: boolean }).waitNewEvent === true;
      if (isLong) polls.most = Math.max(polls.most, ++polls.now);
      try {
        return await original.call(workflowService, request);
      } finally {
        if (isLong) polls.now -= 1;
      }
    } as typeof original;
    const restore = () => {
      workflowService.getWorkflowExecutionHistory = original;
      workflowService.describeWorkflowExecution = describeRun;
    };
    return { polls, restore };
  };

  test('stay within the limit of long polls, take turns, and are all answered', async (t) => {
    const client = temporal.env.client;
    const conversations = new NestedConversations(client, { taskQueue: 'without-a-worker', longPolls: 3 });
    const inputs = Array.from({ length: 12 }, () => inputFor(server.url));
    for (const input of inputs) await conversations.start(input);
    const { polls, restore } = counting();
    t.after(restore);
    const waits = inputs.map(({ sid }) => conversations.wait(sid).catch((error: Error) => error));
    // By then, each has described its run twice: to find it, and because it has no long poll.
    while (polls.describes < 2 * inputs.length - 3) await sleep(20);
    assert.deepEqual([polls.now, polls.most], [3, 3]);
    for (const { sid } of inputs) await client.workflow.getHandle(workflowIdOf(sid)).terminate();
    for (const error of await Promise.all(waits)) assert.ok(error instanceof ConversationAbortedError);
  });

  test('are all answered if the runs ended during an outage of Temporal', async () => {
    const direct = temporal.env.client;
    const options = { taskQueue: 'without-a-worker', onHint: () => undefined };
    const inputs = Array.from({ length: 200 }, () => inputFor(server.url));
    const starting = new NestedConversations(direct, options);
    for (const input of inputs) await starting.start(input);
    const conversations = new NestedConversations(new Client({ connection, namespace: temporal.namespace }), options);
    let waiting = 0;
    const onRetrying = () => {
      waiting += 1;
    };
    const onProgress = () => undefined;
    const waits = inputs.map(({ sid }) => conversations.wait(sid, { onRetrying, onProgress }).catch((error) => error));
    await line.cut();
    while (waiting < inputs.length) await sleep(50);
    for (const { sid } of inputs) await direct.workflow.getHandle(workflowIdOf(sid)).terminate();
    await line.restore();
    for (const error of await Promise.all(waits)) assert.ok(error instanceof ConversationAbortedError);
  });

  test('are answered even without a long poll', async () => {
    const conversations = new NestedConversations(temporal.env.client, { longPolls: 0 });
    assert.deepEqual(
      (await Promise.all([inputFor(server.url), inputFor(server.url)].map((one) => conversations.ensureReady(one))))
        .length,
      2,
    );
  });

  test('on one signal leave no listener behind and cause no warning', async (t) => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    t.after(() => process.off('warning', note));
    const conversations = new NestedConversations(temporal.env.client);
    const { sid } = inputFor(server.url);
    await conversations.ensureReady(inputFor(server.url, { sid }));
    const { signal } = new AbortController();
    const waits = Array.from({ length: 1_000 }, () => conversations.wait(sid, { signal }));
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    assert.equal((await Promise.all(waits)).length, 1_000);
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
    assert.deepEqual(
      warnings.filter(({ name }) => name === 'MaxListenersExceededWarning'),
      [],
    );
  });
});

test('a call made in onProgress is independent of the wait', async () => {
  const conversations = new NestedConversations(temporal.env.client, { taskQueue: 'without-a-worker' });
  const { sid } = inputFor(server.url);
  const calls: Promise<unknown>[] = [];
  const onProgress = ({ closedAt }: ConversationStatus) => {
    if (!closedAt)
      calls.push(conversations.cancel(sid), temporal.env.client.workflow.getHandle(workflowIdOf(sid)).terminate());
  };
  await assert.rejects(
    conversations.ensureReady(inputFor(server.url, { sid }), { onProgress }),
    ConversationAbortedError,
  );
  await Promise.all(calls);
});

describe('an abort', () => {
  const enough = new Error('enough');

  test('ends a call that Temporal does not answer', async () => {
    const waiting = new AbortController();
    const conversations = through({
      describe() {
        waiting.abort(enough);
        return new Promise(() => undefined);
      },
    });
    const { signal } = waiting;
    const onProgress = () => undefined;
    await assert.rejects(conversations.ensureReady(inputFor(server.url), { signal, onProgress }), enough);
  });

  test('ends a wait for a connection that does not come back', async () => {
    const waiting = new AbortController();
    const conversations = through({
      async start() {
        setImmediate(() => waiting.abort(enough));
        throw grpcError(unavailable);
      },
    });
    const { signal } = waiting;
    await assert.rejects(conversations.ensureReady(inputFor(server.url), { signal }), enough);
  });

  test('before the call starts nothing', async () => {
    const input = inputFor(server.url);
    const conversations = new NestedConversations(temporal.env.client);
    await assert.rejects(conversations.ensureReady(input, { signal: AbortSignal.abort(enough) }), enough);
    await assert.rejects(conversations.status(input.sid), ConversationNotFoundError);
  });

  test('leaves no listener behind', async () => {
    const { signal } = new AbortController();
    await new NestedConversations(temporal.env.client).ensureReady(inputFor(server.url), { signal });
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });
});
