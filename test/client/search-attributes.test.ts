import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import proto from '@temporalio/proto';
import { workflowMetadataQuery } from '@temporalio/workflow';
import type { ConversationFilter } from '../../client/list-conversations.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import { registerSearchAttributes } from '../../client/search-attributes.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import { workflowIdOf, workflowType } from '../../contract/names.js';
import { startOptionsOf } from '../../contract/start-options.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { forFile } from '../harness/fixtures.js';
import { historyLength } from '../harness/history.js';
import { server } from '../harness/openhands-for-each-test.js';
import { startDevServer } from '../harness/temporal.js';

const { INDEXED_VALUE_TYPE_KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;

const temporal = await forFile(startDevServer());

const handleOf = (sid: string) => temporal.env.client.workflow.getHandle(workflowIdOf(sid));

async function currentDetails(sid: string): Promise<string> {
  return (await handleOf(sid).query(workflowMetadataQuery)).currentDetails ?? '';
}

// In this order, because registered attributes can't be removed.
describe('in a namespace without our search attributes', () => {
  test('a start works and says once what is missing', async () => {
    const hints: string[] = [];
    const conversations = new NestedConversations(temporal.env.client, { onHint: (hint) => hints.push(hint) });
    const input = inputFor(server.url);
    // At the same time, so each of them finds out for itself.
    await Promise.all([input, inputFor(server.url)].map((one) => conversations.ensureReady(one)));
    await conversations.ensureReady(inputFor(server.url));
    assert.deepEqual(hints, [
      `Namespace '${temporal.namespace}' lacks our search attributes: register them with npx nested-conversation setup`,
    ]);
    assert.equal(await historyLength(handleOf(input.sid)), 17);
  });

  test('a list by user says what is missing, while a list of all works', async () => {
    const conversations = new NestedConversations(temporal.env.client);
    await assert.rejects(listed(conversations, { userId: 'ada' }), { name: 'SearchAttributesMissingError' });
    const all = await listedUntil(conversations, {}, 2);
    assert.deepEqual([...new Set(all.map(({ phase }) => phase))], ['ready']);
  });
});

test('search attributes are registered once', async () => {
  const names = ['ConversationId', 'UserId'];
  assert.deepEqual(await registerSearchAttributes(temporal.env.client), names);
  assert.deepEqual(await registerSearchAttributes(temporal.env.client), []);
});

describe('in a namespace with our search attributes', () => {
  test('a start can be found by user, phase and server from beginning to end', async () => {
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
    const [running] = await mine({ phase: 'running' });
    const { startedAt, ...known } = running ?? assert.fail('the start is not in the list');
    assert(startedAt instanceof Date);
    assert.deepEqual(known, {
      sid: input.sid,
      workflowId: workflowIdOf(input.sid),
      runId,
      phase: 'running',
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
    assert.deepEqual(await listed(conversations, { userId: "o'brien", server: 'agent-server' }), []);
    assert.deepEqual(await listed(conversations, { userId: "o'brien", phase: 'running' }), []);
  });

  test('a start whose memo is encrypted with a missing key is listed without the memo fields', async () => {
    const dataConverter = dataConverterFor(new Map([['elsewhere', createSecretKey(Buffer.alloc(32, 1))]]));
    const { connection } = temporal.env;
    const encrypting = new NestedConversations(
      new Client({ connection, namespace: temporal.namespace, dataConverter }),
      { taskQueue: 'elsewhere' },
    );
    const input = inputFor(server.url, { userId: 'mallory' });
    await encrypting.start(input);
    const conversations = new NestedConversations(temporal.env.client);
    const [found] = await listedUntil(conversations, { userId: 'mallory' }, 1);
    assert.deepEqual([found?.sid, found?.phase, found?.userId], [input.sid, 'running', undefined]);
  });

  test('a start that waits for a worker is running', async () => {
    const conversations = new NestedConversations(temporal.env.client, { taskQueue: 'without-a-worker' });
    const input = inputFor(server.url, { userId: 'eve' });
    await conversations.start(input);
    assert.equal((await listedUntil(conversations, { userId: 'eve', phase: 'running' }, 1))[0]?.sid, input.sid);
    await handleOf(input.sid).terminate();
    assert.equal((await listedUntil(conversations, { userId: 'eve', phase: 'terminated' }, 1))[0]?.sid, input.sid);
  });

  test('a start that failed says why and what to do about it', async () => {
    const conversations = new NestedConversations(temporal.env.client);
    const input = inputFor(server.url, { onFailure: 'stop' });
    server.script(input.sid, { agent: 'errors', errorReason: 'out of credit' });
    await assert.rejects(conversations.ensureReady(input));
    assert.match(
      await currentDetails(input.sid),
      /^\*\*failed\*\*: ConversationFailed: .*out of credit\n\n\*\*What to do:\*\* fix/,
    );
  });

  test('a start that was cancelled says so', async () => {
    const conversations = new NestedConversations(temporal.env.client);
    const input = inputFor(server.url, { readiness: { interval: '1 hour' } });
    server.script(input.sid, { agent: 'dead' });
    await conversations.start(input);
    await server.received(`GET /api/conversations/${input.sid}`, 1 + 1);
    await conversations.cancel(input.sid);
    await assert.rejects(conversations.wait(input.sid), { how: 'cancelled' });
    assert.equal((await listedUntil(conversations, { userId: 'ada', phase: 'cancelled' }, 1))[0]?.sid, input.sid);
    assert.match(await currentDetails(input.sid), /^\*\*cancelled\*\*/);
  });

  test('a start has 17 events of history', async () => {
    const input = inputFor(server.url);
    await new NestedConversations(temporal.env.client).ensureReady(input);
    assert.equal(await historyLength(handleOf(input.sid)), 17);
  });

  test('the phase of a start by an earlier client is kept up to date', async () => {
    const { connection, client } = temporal.env;
    await connection.operatorService.addSearchAttributes({
      namespace: temporal.namespace,
      searchAttributes: { ConversationPhase: INDEXED_VALUE_TYPE_KEYWORD },
    });
    const input = inputFor(server.url);
    const key = defineSearchAttributeKey('ConversationPhase', SearchAttributeType.KEYWORD);
    const { typedSearchAttributes: set = [], ...options } = startOptionsOf(input, { searchAttributes: true });
    const typedSearchAttributes = [...set, { key, value: 'queued' }];
    await client.workflow.execute(workflowType, { ...options, args: [input], typedSearchAttributes });
    const { typedSearchAttributes: recorded } = await handleOf(input.sid).describe();
    assert.equal(recorded.get(key), 'ready');
  });

  for (const userId of ["o'brien", 'a"b', 'back\\slash', "\\'", '% _ *', 'naïve ☃ 😀', 'a AND b', ' padded ', '用户']) {
    test(`only the starts of ${userId} are found`, async () => {
      const conversations = new NestedConversations(temporal.env.client, { taskQueue: 'without-a-worker' });
      const input = inputFor(server.url, { userId });
      await conversations.start(input);
      assert.deepEqual(
        (await listedUntil(conversations, { userId, phase: 'running' }, 1)).map(({ sid }) => sid),
        [input.sid],
      );
      await handleOf(input.sid).terminate();
    });
  }

  test('a start by another client is found by its user, with or without a memo', async () => {
    const { client } = temporal.env;
    const userId = 'grace';
    const [withMemo, without] = [inputFor(server.url, { userId }), inputFor(server.url, { userId })];
    const options = { taskQueue: 'without-a-worker' };
    await client.workflow.start(workflowType, {
      ...options,
      workflowId: workflowIdOf(withMemo.sid),
      args: [withMemo],
      memo: { userId },
    });
    await client.workflow.start(workflowType, { ...options, workflowId: workflowIdOf(without.sid), args: [without] });
    const found = await listedUntil(new NestedConversations(client), { userId }, 2);
    assert.deepEqual(
      found.map(({ sid }) => sid),
      [without.sid, withMemo.sid],
    );
  });

  test('the newest starts come first, whether they are running or have ended', async () => {
    const conversations = new NestedConversations(temporal.env.client);
    const unattended = new NestedConversations(temporal.env.client, { taskQueue: 'without-a-worker' });
    const userId = 'in-order';
    const inputs = Array.from({ length: 5 }, () => inputFor(server.url, { userId }));
    for (const [index, input] of inputs.entries()) {
      await (index % 2 ? conversations.ensureReady(input) : unattended.start(input));
    }
    // The first to start is the last to end.
    for (const index of [4, 2, 0]) await handleOf(inputs[index]?.sid ?? '').terminate();
    await listedUntil(conversations, { userId, phase: 'terminated' }, 3);
    const running = inputFor(server.url, { userId });
    await unattended.start(running);
    await listedUntil(conversations, { userId, phase: 'running' }, 1);
    assert.deepEqual(
      (await listed(conversations, { userId })).map(({ sid }) => sid),
      [...inputs, running].map(({ sid }) => sid).reverse(),
    );
  });

  test('the Web UI shows the server, the user, the step and the last check', async () => {
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
    assert.match(await currentDetails(input.sid), /^\*\*checking\*\*: a look every 2 seconds, at most 60; /);
    look.release();
    await conversations.ensureReady(input);
    assert.match(await currentDetails(input.sid), /^\*\*ready\*\*: conv-\S+ is RUNNING, found by look 1$/);
  });
});

async function listed(conversations: NestedConversations, filter: ConversationFilter) {
  const found = [];
  for await (const conversation of conversations.list(filter)) found.push(conversation);
  return found;
}

/** The visibility store is updated with a delay. */
async function listedUntil(conversations: NestedConversations, filter: ConversationFilter, count: number) {
  for (;;) {
    const found = await listed(conversations, filter);
    if (found.length >= count) return found;
    await setTimeout(50);
  }
}
