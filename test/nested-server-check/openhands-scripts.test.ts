import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { OpenHandsScript } from '../nested-server/openhands-conversation.js';
import { OpenHandsStandIn } from '../nested-server/openhands-stand-in.js';
import { call } from './call.js';

/** What a scripted conversation shows at each look: its status, and its newest agent state or the status code. */
async function lookAt(server: OpenHandsStandIn, sid: string, looks: number): Promise<string[]> {
  const seen = [];
  for (let look = 0; look < looks; look += 1) {
    const { body: info } = await call(server.url, 'GET', `/api/conversations/${sid}`);
    const { status, body } = await call(server.url, 'GET', `/api/conversations/${sid}/events?reverse=true&limit=100`);
    const { events = [] } = body as { events?: { extras?: { agent_state?: string } }[] };
    const agentState = events.find(({ extras }) => extras?.agent_state)?.extras?.agent_state;
    seen.push(
      `${(info as { status: string } | null)?.status ?? null} ${status === 200 ? (agentState ?? 'nothing') : status}`,
    );
  }
  return seen;
}

const rows: { outcome: string; script: OpenHandsScript; looks: string[] }[] = [
  { outcome: 'is ready at the first look', script: {}, looks: ['RUNNING awaiting_user_input'] },
  {
    outcome: 'leaves loading at the n-th look',
    script: { loadingLooks: 3 },
    looks: ['STARTING loading', 'STARTING loading', 'STARTING awaiting_user_input', 'RUNNING awaiting_user_input'],
  },
  {
    outcome: 'runs a setup script that is fine in the end',
    script: { loadingLooks: 2, statusWhileLoading: 'RUNNING' },
    looks: ['RUNNING loading', 'RUNNING awaiting_user_input'],
  },
  {
    outcome: 'is absent for n looks',
    script: { absentLooks: 2 },
    looks: ['null 404', 'null 404', 'RUNNING awaiting_user_input'],
  },
  {
    outcome: 'shows not even loading for n looks',
    script: { unstartedLooks: 1, loadingLooks: 3 },
    looks: ['STARTING nothing', 'STARTING loading', 'STARTING awaiting_user_input'],
  },
  {
    outcome: 'runs for n looks, then answers',
    script: { runningLooks: 2 },
    looks: ['RUNNING running', 'RUNNING awaiting_user_input'],
  },
  { outcome: 'runs on', script: { agent: 'runs' }, looks: ['RUNNING running', 'RUNNING running'] },
  {
    outcome: 'runs, then fails',
    script: { agent: 'errors', runningLooks: 2 },
    looks: ['RUNNING running', 'RUNNING error'],
  },
  { outcome: 'fails while it loads', script: { agent: 'error-on-load' }, looks: ['STARTING error', 'STARTING error'] },
  { outcome: 'is dead but called alive', script: { agent: 'dead' }, looks: ['RUNNING loading', 'RUNNING loading'] },
  {
    outcome: 'is evicted at the n-th look',
    script: { evictedAtLook: 2 },
    looks: ['RUNNING awaiting_user_input', 'RUNNING stopped', 'STOPPED stopped'],
  },
  { outcome: 'shows another status', script: { status: 'ARCHIVED' }, looks: ['ARCHIVED awaiting_user_input'] },
];

describe('a scripted OpenHands conversation', () => {
  let server: OpenHandsStandIn;
  before(async () => {
    server = await OpenHandsStandIn.listen();
  });
  after(() => server.close());

  for (const { outcome, script, looks } of rows) {
    test(outcome, async () => {
      server.script(outcome, script);
      await call(server.url, 'POST', '/api/conversations', {
        body: { conversation_id: outcome, initial_user_msg: 'hello' },
      });
      assert.deepEqual(await lookAt(server, encodeURIComponent(outcome), looks.length), looks);
    });
  }

  test('fails with the reason that it was given', () => {
    server.script('reason', { agent: 'errors', errorReason: 'STATUS$ERROR_LLM_OUT_OF_CREDITS' });
    const { events } = server.createConversation('reason', { initial_user_msg: 'hello' });
    assert.deepEqual(events.at(-1)?.extras, { agent_state: 'error', reason: 'STATUS$ERROR_LLM_OUT_OF_CREDITS' });
  });

  test('takes up a message that comes while it runs', async () => {
    server.script('busy', { runningLooks: 1 });
    const conversation = server.createConversation('busy', { initial_user_msg: 'first' });
    await call(server.url, 'POST', '/api/conversations/busy/events', {
      body: { action: 'message', args: { content: 'second' } },
    });
    await lookAt(server, 'busy', 1);
    assert.deepEqual(conversation.modelCalls, [['first'], ['first', 'second']]);
    assert.equal(conversation.agentState, 'awaiting_user_input');
  });

  test('does not hear a message while it loads', async () => {
    server.script('deaf', { loadingLooks: 1 });
    const conversation = server.createConversation('deaf');
    await call(server.url, 'POST', '/api/conversations/deaf/events', {
      body: { action: 'message', args: { content: 'anyone?' } },
    });
    await lookAt(server, 'deaf', 1);
    assert.equal(conversation.agentState, 'awaiting_user_input');
    assert.deepEqual(conversation.modelCalls, []);
  });
});

describe('the OpenHands stand-in', () => {
  test('keeps events over a restart, and nothing says that the loop has died', async () => {
    await using(await OpenHandsStandIn.listen(), async (server) => {
      const conversation = server.createConversation('c', { initial_user_msg: 'hello' });
      server.restart();
      assert.equal(conversation.status, 'STOPPED');
      assert.equal(conversation.agentState, 'awaiting_user_input');

      server.createConversation('c', { initial_user_msg: 'hello' });
      assert.deepEqual(conversation.messagesSeenByModel, ['hello', 'hello']);
      assert.deepEqual(conversation.events.filter(({ action }) => action === 'system').length, 1);
    });
  });

  test('loses everything in a restart without a disk', async () => {
    await using(await OpenHandsStandIn.listen(), async (server) => {
      server.createConversation('c');
      server.restart({ losesConversations: true });
      assert.equal(server.has('c'), false);
    });
  });

  test('evicts the conversation that has been quiet longest', async () => {
    await using(await OpenHandsStandIn.listen({ maxConcurrentConversations: 2 }), async (server) => {
      server.createConversation('a');
      server.createConversation('b');
      await call(server.url, 'POST', '/api/conversations/a/events', {
        body: { action: 'message', args: { content: 'x' } },
      });
      server.createConversation('c');
      assert.deepEqual(
        ['a', 'b', 'c'].map((sid) => server.conversation(sid).status),
        ['RUNNING', 'STOPPED', 'RUNNING'],
      );
    });
  });

  test('refuses without settings, and has the conversation all the same', async () => {
    await using(await OpenHandsStandIn.listen({ settings: 'missing' }), async (server) => {
      const body = { conversation_id: 'c' };
      assert.deepEqual(await call(server.url, 'POST', '/api/conversations', { body }), {
        status: 400,
        body: { status: 'error', message: 'Settings not found', msg_id: 'CONFIGURATION$SETTINGS_NOT_FOUND' },
      });
      assert.deepEqual(await lookAt(server, 'c', 1), ['STOPPED nothing']);
      await call(server.url, 'POST', '/api/settings', { body: {} });
      assert.equal((await call(server.url, 'POST', '/api/conversations', { body })).status, 200);
    });
  });

  test('refuses without a model key', async () => {
    await using(await OpenHandsStandIn.listen({ settings: 'without-key' }), async (server) => {
      const { status, body } = await call(server.url, 'POST', '/api/conversations', { body: {} });
      assert.deepEqual([status, (body as { msg_id: string }).msg_id], [400, 'STATUS$ERROR_LLM_AUTHENTICATION']);
    });
  });

  test('demands its session API key everywhere but where it says that it is alive', async () => {
    await using(await OpenHandsStandIn.listen({ sessionApiKey: 'k' }), async (server) => {
      const path = '/api/conversations/c/events';
      const unauthorized = { status: 401, body: { detail: 'Unauthorized' } };
      assert.deepEqual(await call(server.url, 'GET', path), unauthorized);
      assert.deepEqual(
        await call(server.url, 'GET', path, { headers: { 'x-session-api-key': 'wrong' } }),
        unauthorized,
      );
      assert.equal((await call(server.url, 'GET', path, { headers: { 'X-Session-API-Key': 'k' } })).status, 404);
      assert.equal((await call(server.url, 'GET', '/health')).status, 200);
    });
  });

  test('hides the secrets that it knows', async () => {
    await using(await OpenHandsStandIn.listen({ secrets: ['hunter2'] }), async (server) => {
      const { events } = server.createConversation('c', { initial_user_msg: 'my password is hunter2' });
      assert.equal(events[2]?.args?.content, 'my password is <secret_hidden>');
    });
  });

  test('cannot tell a status, as without Docker', async () => {
    await using(await OpenHandsStandIn.listen({ brokenStatus: 'error' }), async (server) => {
      server.createConversation('c');
      assert.equal((await call(server.url, 'GET', '/api/conversations/c')).status, 500);
      server.options.brokenStatus = 'cut';
      await assert.rejects(call(server.url, 'GET', '/api/conversations/c'));
      assert.equal((await call(server.url, 'GET', '/api/conversations/c/events')).status, 200);
    });
  });

  test('breaks on a ruined conversation, and on a page that holds a ruined event', async () => {
    await using(await OpenHandsStandIn.listen(), async (server) => {
      const conversation = server.createConversation('c', { initial_user_msg: 'hello' });
      const page = async (query: string) =>
        (await call(server.url, 'GET', `/api/conversations/c/events?${query}`)).status;
      conversation.brokenEvents.add(3);
      assert.deepEqual([await page(''), await page('start_id=4'), await page('reverse=true&limit=2')], [500, 200, 200]);
      conversation.hasBrokenMetadata = true;
      assert.equal(await page('start_id=4'), 500);
      assert.equal((await call(server.url, 'GET', '/api/conversations/c')).status, 500);
      assert.equal(
        (await call(server.url, 'POST', '/api/conversations', { body: { conversation_id: 'c' } })).status,
        500,
      );
    });
  });

  test('stops a conversation', async () => {
    await using(await OpenHandsStandIn.listen(), async (server) => {
      const conversation = server.createConversation('c');
      const { body } = await call(server.url, 'POST', '/api/conversations/c/stop');
      assert.equal((body as { message: string }).message, 'Conversation stopped successfully');
      assert.deepEqual([conversation.status, conversation.agentState], ['STOPPED', 'stopped']);
    });
  });

  test('answers from a stream of 100,000 events', async () => {
    await using(await OpenHandsStandIn.listen(), async (server) => {
      server.createConversation('c').appendMany(100_000);
      const { body } = await call(server.url, 'GET', '/api/conversations/c/events?reverse=true&limit=1');
      assert.equal((body as { events: { id: number }[] }).events[0]?.id, 100_003);
    });
  });
});

async function using(server: OpenHandsStandIn, check: (server: OpenHandsStandIn) => Promise<void>): Promise<void> {
  try {
    await check(server);
  } finally {
    await server.close();
  }
}
