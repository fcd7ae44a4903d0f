import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { workflowMetadataQuery } from '@temporalio/workflow';
import type { ConversationFilter } from '../../client/list-conversations.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import { registerSearchAttributes } from '../../client/search-attributes.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import { workflowIdOf } from '../../contract/names.js';
import { historyLength } from '../harness/history.js';
import { inputFor } from '../harness/start.js';
import { startDevServer, type Temporal } from '../harness/temporal.js';
import { OpenHandsStandIn } from '../nested-server/openhands-stand-in.js';

let temporal: Temporal;
let server: OpenHandsStandIn;

before(async () => {
  temporal = await startDevServer();
});
after(() => temporal.stop());
beforeEach(async () => {
  server = await OpenHandsStandIn.listen();
});
afterEach(() => server.close());

const handleOf = (sid: string) => temporal.env.client.workflow.getHandle(workflowIdOf(sid));

async function currentDetails(sid: string): Promise<string> {
  return (await handleOf(sid).query(workflowMetadataQuery)).currentDetails ?? '';
}

async function recordedPhase(sid: string): Promise<unknown> {
  const { searchAttributes } = await handleOf(sid).describe();
  return searchAttributes.ConversationPhase?.[0];
}

// In this order: once they are registered, they can't be removed.
describe('in a namespace without our search attributes', () => {
  test('a start works as ever, and says once what is missing', async () => {
    const hints: string[] = [];
    const conversations = new NestedConversations(temporal.env.client, { onHint: (hint) => hints.push(hint) });
    const input = inputFor(server.url);
    // At once: each of them finds it out for itself.
    await Promise.all([input, inputFor(server.url)].map((one) => conversations.ensureReady(one)));
    await conversations.ensureReady(inputFor(server.url));
    assert.deepEqual(hints, [
      "Namespace 'default' lacks our search attributes: register them with nested-conversation setup",
    ]);
    assert.equal(await historyLength(handleOf(input.sid)), 17);
  });

  test('a list by user says what is missing, and a list of all works', async () => {
    const conversations = new NestedConversations(temporal.env.client);
    await assert.rejects(listed(conversations, { userId: 'ada' }), { name: 'SearchAttributesMissingError' });
    const all = await listedUntil(conversations, {}, 2);
    assert.deepEqual([...new Set(all.map(({ phase }) => phase))], ['ready']);
  });
});

test('they are registered once, and then are there', async () => {
  const names = ['ConversationId', 'UserId', 'ConversationPhase'];
  assert.deepEqual(await registerSearchAttributes(temporal.env.client), names);
  assert.deepEqual(await registerSearchAttributes(temporal.env.client), []);
});

describe('in a namespace with our search attributes', () => {
  test('a start can be found by its user, phase and server, from its beginning to its end', async () => {
    const conversations = new NestedConversations(temporal.env.client);
    const input = inputFor(server.url, { userId: "o'brien" });
    const mine = (filter: ConversationFilter) => listedUntil(conversations, { userId: "o'brien", ...filter }, 1);
    const look = server.inject({
      path: `/api/conversations/${input.sid}/events`,
      after: 2,
      fault: { kind: 'delay-until' },
    });
    const { runId } = await conversations.start(input);
    await look.reached;
    const [checking] = await mine({ phase: 'checking' });
    const { startedAt, ...known } = checking ?? assert.fail('it is not in the list');
    assert(startedAt instanceof Date);
    assert.deepEqual(known, {
      sid: input.sid,
      workflowId: workflowIdOf(input.sid),
      runId,
      phase: 'checking',
      userId: "o'brien",
      apiUrl: server.url,
      server: 'openhands',
    });
    look.release();
    await conversations.ensureReady(input);
    assert.deepEqual(
      (await mine({ phase: 'ready', server: server.url })).map(({ sid }) => sid),
      [input.sid],
    );
    assert.equal(await recordedPhase(input.sid), 'ready');
    assert.deepEqual(await listed(conversations, { userId: "o'brien", server: 'agent-server' }), []);
    assert.deepEqual(await listed(conversations, { userId: "o'brien", phase: 'checking' }), []);
  });

  test('a start whose memo is encrypted with a key that is not here is in the list, without what the memo tells', async () => {
    const dataConverter = dataConverterFor(new Map([['elsewhere', createSecretKey(Buffer.alloc(32, 1))]]));
    const { connection } = temporal.env;
    const encrypting = new NestedConversations(new Client({ connection, dataConverter }), { taskQueue: 'elsewhere' });
    const input = inputFor(server.url, { userId: 'mallory' });
    await encrypting.start(input);
    const conversations = new NestedConversations(temporal.env.client);
    const [found] = await listedUntil(conversations, { userId: 'mallory' }, 1);
    assert.deepEqual([found?.sid, found?.phase, found?.userId], [input.sid, 'queued', undefined]);
  });

  test('a start that waits for a worker is queued', async () => {
    const conversations = new NestedConversations(temporal.env.client, { taskQueue: 'without-a-worker' });
    const input = inputFor(server.url, { userId: 'eve' });
    await conversations.start(input);
    assert.equal((await listedUntil(conversations, { userId: 'eve', phase: 'queued' }, 1))[0]?.sid, input.sid);
    await handleOf(input.sid).terminate();
    assert.equal((await listedUntil(conversations, { userId: 'eve', phase: 'terminated' }, 1))[0]?.sid, input.sid);
  });

  test('a start that failed says why, and what to do about it', async () => {
    const conversations = new NestedConversations(temporal.env.client);
    const input = inputFor(server.url, { onFailure: 'stop' });
    server.script(input.sid, { agent: 'errors', errorReason: 'out of credit' });
    await assert.rejects(conversations.ensureReady(input));
    assert.equal(await recordedPhase(input.sid), 'failed');
    assert.match(
      await currentDetails(input.sid),
      /^\*\*failed\*\*: ConversationFailed: .*out of credit\n\n\*\*What to do:\*\* mend/,
    );
  });

  test('a start that was cancelled says so', async () => {
    const conversations = new NestedConversations(temporal.env.client);
    const input = inputFor(server.url, { readiness: { interval: '1 hour' } });
    server.script(input.sid, { agent: 'dead' });
    await conversations.start(input);
    await server.received(`GET /api/conversations/${input.sid}`, 1 + 1);
    await conversations.cancel(input.sid);
    await assert.rejects(conversations.ensureReady(input, { signal: AbortSignal.timeout(20_000) }));
    assert.equal(await recordedPhase(input.sid), 'cancelled');
  });

  test('the Web UI is told what runs where, which step it is at, and how it looks', async () => {
    const conversations = new NestedConversations(temporal.env.client);
    const input = inputFor(server.url);
    const look = server.inject({
      path: `/api/conversations/${input.sid}/events`,
      after: 2,
      fault: { kind: 'delay-until' },
    });
    await conversations.start(input);
    await look.reached;
    assert.equal(
      await handleOf(input.sid)
        .describe()
        .then((run) => run.staticSummary()),
      `openhands at ${server.url}, for ada`,
    );
    assert.match(await currentDetails(input.sid), /^\*\*checking\*\*: a look every 2 seconds, 60 at the most; /);
    look.release();
    await conversations.ensureReady(input);
    assert.match(await currentDetails(input.sid), /^\*\*ready\*\*: conv-\S+ is RUNNING, as look 1 found$/);
  });
});

async function listed(conversations: NestedConversations, filter: ConversationFilter) {
  const found = [];
  for await (const conversation of conversations.list(filter)) found.push(conversation);
  return found;
}

/** The visibility store is a moment behind. */
async function listedUntil(conversations: NestedConversations, filter: ConversationFilter, count: number) {
  for (;;) {
    const found = await listed(conversations, filter);
    if (found.length >= count) return found;
    await setTimeout(50);
  }
}
