import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { ConversationNotReadyError, ConversationRejectedError } from '../../client/errors.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { configureOpenHands, installOpenHands, startOpenHands } from '../../dev-stack/openhands-server.js';
import { startModelStandIn } from '../../dev-stack/stand-ins/model-stand-in.js';
import { atEndOf, folderFor, forFile, startWorkerFor, testFile } from '../harness/fixtures.js';
import { type LineProxy, startProxy } from '../harness/proxy.js';
import { startDevServer } from '../harness/temporal.js';

/** The main case and its worst moments on a real OpenHands server (openhands-ai 0.55.0). */

const installation = await installOpenHands(console.error);
const dataFolder = await folderFor(testFile);
const model = await forFile(startModelStandIn());
const temporal = await forFile(startDevServer());
const conversations = new NestedConversations(temporal.env.client);
let server = await startOpenHands({ installation, dataFolder });
atEndOf(testFile, () => server.stop());

/** Nothing listens there, so an agent with this URL never reaches the model. */
const unreachableModel = 'http://127.0.0.1:9/v1';

const post = { method: 'POST', path: '/api/conversations' };

let proxy: LineProxy;
beforeEach(async () => {
  proxy = await startProxy({ target: server.url });
});
afterEach(() => proxy.close());

/** An input with a message that no other conversation has. */
function freshInput() {
  const content = `Say hello to ${randomUUID()}`;
  return { content, input: inputFor(proxy.url, { initialUserMsg: { content } }) };
}

/** The number of times the message is in the conversation's event stream. */
async function timesInStream(sid: string, content: string): Promise<number> {
  const response = await fetch(`${server.url}/api/conversations/${sid}/events?limit=100`);
  const { events } = (await response.json()) as {
    events: { action?: string; source?: string; args?: { content?: string } }[];
  };
  return events.filter(
    ({ action, source, args }) => action === 'message' && source === 'user' && args?.content === content,
  ).length;
}

async function assertHeardOnce(sid: string, content: string): Promise<void> {
  assert.equal(await timesInStream(sid, content), 1);
  await model.asked(content);
  assert.equal(model.timesAsked(content), 1);
}

/** Resolves once the conversation's agent has been in this state. Rejects after a minute. */
async function agentWas(sid: string, state: string): Promise<void> {
  const deadline = AbortSignal.timeout(60_000);
  for (;;) {
    const response = await fetch(`${server.url}/api/conversations/${sid}/events?limit=100`, { signal: deadline });
    if ((await response.text()).includes(`"agent_state":"${state}","reason"`)) return;
    await setTimeout(50, undefined, { signal: deadline });
  }
}

/** Ends the server's process and starts another one with the same data on the same port. */
async function restart(signal: NodeJS.Signals): Promise<void> {
  const { port } = server;
  await server.stop(signal);
  server = await startOpenHands({ installation, dataFolder, port });
}

describe('without settings', () => {
  test("a start fails with the server's reason, although its events answer 200", async () => {
    const { input } = freshInput();
    await assert.rejects(conversations.ensureReady(input), (error) => {
      assert(error instanceof ConversationRejectedError);
      assert.equal(error.details.msgId, 'CONFIGURATION$SETTINGS_NOT_FOUND');
      return true;
    });
    assert.equal((await fetch(`${server.url}/api/conversations/${input.sid}/events`)).status, 200);
  });
});

describe('with settings', () => {
  before(() => configureOpenHands(server.url, { llmBaseUrl: model.url }));

  test('a conversation becomes ready, and a second start attaches without another POST', async () => {
    const { input, content } = freshInput();
    const first = conversations.ensureReady(input);
    const second = conversations.ensureReady(input);
    const { conversationId, status } = await first;
    assert.deepEqual([conversationId, status], [input.sid, 'RUNNING']);
    assert.equal((await second).runId, (await first).runId);
    assert.equal((await conversations.start(input)).attached, true);
    assert.equal(proxy.count(post), 1);
    await assertHeardOnce(input.sid, content);
  });

  test('a conversation without a message becomes ready', async () => {
    const { status } = await conversations.ensureReady(inputFor(proxy.url, { initialUserMsg: null }));
    // Right after the create, the server may not tell the status yet. Then it is the agent's state.
    assert.match(status, /^(RUNNING|awaiting_user_input)$/);
  });

  test('a lost answer does not send the message twice', async () => {
    const { input, content } = freshInput();
    const lost = proxy.loseAnswer(post);
    const ready = conversations.ensureReady(input);
    await lost;
    assert.equal((await ready).status, 'RUNNING');
    assert.equal(proxy.count(post), 1);
    await assertHeardOnce(input.sid, content);
  });

  test('a worker that is killed before it gets the answer does not send the message twice', async (t) => {
    const taskQueue = 'killed-before-the-answer';
    const env = { ...temporal.variables, TEMPORAL_TASK_QUEUE: taskQueue };
    const { input, content } = freshInput();
    const withheld = proxy.withholdAnswer(post);
    const worker = startWorkerFor(t, { env });
    const ready = new NestedConversations(temporal.env.client, { taskQueue }).ensureReady(input);
    await withheld;
    worker.kill('SIGKILL');
    await worker.ended;
    startWorkerFor(t, { env });
    assert.equal((await ready).status, 'RUNNING');
    assert.equal(proxy.count(post), 1);
    await assertHeardOnce(input.sid, content);
  });

  test('a finished conversation with a live loop takes a new message, even with the same text', async () => {
    const { input, content } = freshInput();
    await conversations.ensureReady(input);
    await model.asked(content);
    assert.equal((await conversations.ensureReady(input, { resume: true })).status, 'RUNNING');
    assert.equal(await timesInStream(input.sid, content), 2);
  });

  test("a repository that the server's Git tokens do not open is blamed, not the session key", async (t) => {
    const secrets = join(dataFolder, 'file-store', 'secrets.json');
    writeFileSync(secrets, JSON.stringify({ provider_tokens: { github: { token: 'of-nobody' } } }));
    t.after(() => rmSync(secrets));
    const { input } = freshInput();
    const start = conversations.ensureReady({ ...input, settings: { repository: 'ada/engine' } });
    await assert.rejects(start, (error) => {
      assert(error instanceof ConversationRejectedError);
      assert.match(error.message, /check settings\.repository .*\(Unable to access repo ada\/engine\)$/);
      return true;
    });
  });

  test('a replay that would hang on the server is rejected before it is sent', async () => {
    const input = inputFor(proxy.url, { initialUserMsg: null, replayJson: '[]' });
    await assert.rejects(conversations.start(input), { name: 'InvalidInputError' });
    assert.equal(proxy.count(post), 0);
  });

  test('a dead conversation is not ready, although its status is RUNNING and its events answer 200', async () => {
    const sid = inputFor(proxy.url).sid;
    const dead = await fetch(`${server.url}/api/conversations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ conversation_id: sid, replay_json: 'not json' }),
    });
    assert.equal(dead.status, 200);
    const readiness = { interval: '1 second', maximumAttempts: 3 } as const;
    const start = conversations.ensureReady(inputFor(proxy.url, { sid, initialUserMsg: null, readiness }));
    await assert.rejects(start, (error) => {
      assert(error instanceof ConversationNotReadyError);
      assert.equal(error.details.lastObservation, 'RUNNING (agent loading)');
      return true;
    });
  });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`a message reaches the model once, even if its answer was lost and ${signal} hit the server`, async () => {
      const { input, content } = freshInput();
      await configureOpenHands(server.url, { llmBaseUrl: unreachableModel });
      const lost = proxy.loseAnswer(post);
      const ready = conversations.ensureReady(input);
      await lost;
      // Otherwise the next attempt could find the agent running, and the start would end before the signal.
      proxy.interrupt();
      await agentWas(input.sid, 'running');
      // Takes effect in the conversation's next life. The current one keeps trying the model that it started with.
      await configureOpenHands(server.url, { llmBaseUrl: model.url });
      await restart(signal);
      proxy.restore();
      // Right after a restart, the status may be briefly unreadable. Then the agent's state is used instead.
      assert.match((await ready).status, /^running$/i);
      await assertHeardOnce(input.sid, content);
    });
  }

  test('old events of a conversation do not make it ready after a restart', async () => {
    const { input, content } = freshInput();
    await conversations.ensureReady(input);
    // A server that is ended while it writes an event can leave an empty file, and then never serves these events
    // again.
    await agentWas(input.sid, 'awaiting_user_input');
    await restart('SIGTERM');
    const next = freshInput();
    const resumed = { ...next.input, sid: input.sid };
    // Right after a restart, the status may be briefly unreadable. Then the agent's state is used instead.
    assert.match(
      (await conversations.ensureReady({ ...resumed, apiUrl: proxy.url }, { resume: true })).status,
      /^running$/i,
    );
    assert.equal(await timesInStream(input.sid, content), 1);
    await assertHeardOnce(input.sid, next.content);
  });
});
