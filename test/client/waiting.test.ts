import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Client, Connection, ServiceError, type WorkflowClientInterceptor } from '@temporalio/client';
import { ConversationNotFoundError } from '../../client/errors.js';
import { type EnsuredConversation, NestedConversations } from '../../client/nested-conversations.js';
import { inputFor } from '../harness/start.js';
import { startTcpLine, type TcpLine } from '../harness/tcp-line.js';
import { startDevServer, type Temporal } from '../harness/temporal.js';
import { OpenHandsStandIn } from '../nested-server/openhands-stand-in.js';

/** What `ensureReady` makes of a Temporal that does not answer. */

let temporal: Temporal;
let line: TcpLine;
let connection: Connection;
let server: OpenHandsStandIn;

before(async () => {
  temporal = await startDevServer();
  line = await startTcpLine({ targetPort: Number(temporal.env.address.split(':').at(-1)) });
  // Without the retries of the SDK, which would hide the first seconds of an outage.
  connection = await Connection.connect({ address: `127.0.0.1:${line.port}`, interceptors: [] });
});
after(async () => {
  await connection.close();
  await line.cut();
  await temporal.stop();
});
beforeEach(async () => {
  server = await OpenHandsStandIn.listen();
});
afterEach(() => server.close());

const create = 'POST /api/conversations';
const readyAtOnce = (sid: string) => ({ conversationId: sid, status: 'RUNNING', attempts: 1 });

/** What `ensureReady` returns, without what tells of the run. */
async function outcome(ready: Promise<EnsuredConversation>) {
  const { workflowId, runId, attached, attachedTo, ...result } = await ready;
  return result;
}
const through = (interceptor: WorkflowClientInterceptor) =>
  new NestedConversations(new Client({ connection, interceptors: { workflow: [interceptor] } }));

/** As the SDK throws what Temporal answers. */
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
    await line.mend();
    assert.deepEqual(await outcome(result), readyAtOnce(input.sid));
  });

  test('makes a start come later', async () => {
    const input = inputFor(server.url);
    await line.cut();
    const result = conversations.ensureReady(input);
    await failed;
    assert.equal(server.count(create), 0);
    await line.mend();
    assert.deepEqual(await outcome(result), readyAtOnce(input.sid));
  });
});

for (const { how, code, resume } of [
  { how: 'refuses', code: resourceExhausted, resume: false },
  { how: 'refuses to resume', code: resourceExhausted, resume: true },
  { how: 'has no time for', code: deadlineExceeded, resume: false },
]) {
  test(`what a busy Temporal ${how} is asked again`, async () => {
    const input = inputFor(server.url);
    // Until it has been asked often enough.
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

  test('is made again, and is the same start', async () => {
    const input = inputFor(server.url);
    const { attached } = await conversations.ensureReady(input);
    assert.equal(attached, false);
    assert.equal(server.count(create), 1);
  });

  test('is made again where it resumes, and goes on with what it began', async () => {
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

describe('an abort', () => {
  const enough = new Error('enough');

  test('ends a call that Temporal leaves unanswered', async () => {
    const waiting = new AbortController();
    const conversations = through({
      describe() {
        waiting.abort(enough);
        return new Promise(() => undefined);
      },
    });
    const { signal } = waiting;
    await assert.rejects(conversations.ensureReady(inputFor(server.url), { signal }), enough);
  });

  test('ends waiting for a connection that does not come back', async () => {
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

  test('that came before starts nothing', async () => {
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
