import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import type { OpenHandsScript } from '../../dev-stack/stand-ins/openhands-conversation.js';
import type { OpenHandsEvent } from '../../dev-stack/stand-ins/openhands-events.js';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { call } from './call.js';

/** What a scripted conversation shows at each check: its status, and its newest agent state or the status code. */
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
  { outcome: 'is ready at the first check', script: {}, looks: ['RUNNING awaiting_user_input'] },
  {
    outcome: 'leaves loading at the n-th check',
    script: { loadingLooks: 3 },
    looks: ['STARTING loading', 'STARTING loading', 'STARTING awaiting_user_input', 'RUNNING awaiting_user_input'],
  },
  {
    outcome: 'runs a setup script that succeeds',
    script: { loadingLooks: 2, statusWhileLoading: 'RUNNING' },
    looks: ['RUNNING loading', 'RUNNING awaiting_user_input'],
  },
  {
    outcome: 'is absent for n checks',
    script: { absentLooks: 2 },
    looks: ['null 404', 'null 404', 'RUNNING awaiting_user_input'],
  },
  {
    outcome: 'shows no event for n checks',
    script: { unstartedLooks: 1, loadingLooks: 3 },
    looks: ['STARTING nothing', 'STARTING loading', 'STARTING awaiting_user_input'],
  },
  {
    outcome: 'runs for n checks, then answers',
    script: { runningLooks: 2 },
    looks: ['RUNNING running', 'RUNNING awaiting_user_input'],
  },
  { outcome: 'keeps running', script: { agent: 'runs' }, looks: ['RUNNING running', 'RUNNING running'] },
  {
    outcome: 'runs, then fails',
    script: { agent: 'errors', runningLooks: 2 },
    looks: ['RUNNING running', 'RUNNING error'],
  },
  { outcome: 'fails while loading', script: { agent: 'error-on-load' }, looks: ['STARTING error', 'STARTING error'] },
  { outcome: 'is dead but reported RUNNING', script: { agent: 'dead' }, looks: ['RUNNING loading', 'RUNNING loading'] },
  {
    outcome: 'is evicted at the n-th check',
    script: { evictedAtLook: 2 },
    looks: ['RUNNING awaiting_user_input', 'RUNNING stopped', 'STOPPED stopped'],
  },
  { outcome: 'shows another status', script: { status: 'ARCHIVED' }, looks: ['ARCHIVED awaiting_user_input'] },
  {
    outcome: 'has a wrong status at first',
    script: { statusLies: ['STOPPED', null] },
    looks: ['STOPPED awaiting_user_input', 'null awaiting_user_input', 'RUNNING awaiting_user_input'],
  },
  { outcome: 'rests in another state', script: { endsIn: 'rejected' }, looks: ['RUNNING rejected'] },
  { outcome: 'halts without an answer', script: { agent: 'halts', endsIn: 'paused' }, looks: ['RUNNING paused'] },
  {
    outcome: 'uses tools, one per check, before it answers',
    script: { runningLooks: 1, toolCalls: 2 },
    looks: ['RUNNING running', 'RUNNING running', 'RUNNING awaiting_user_input'],
  },
];

function outline({ source, action, observation, extras }: OpenHandsEvent): string {
  return observation === 'agent_state_changed' ? String(extras?.agent_state) : `${source} ${action ?? observation}`;
}

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

  test('fails with the given reason', () => {
    server.script('reason', { agent: 'errors', errorReason: 'STATUS$ERROR_LLM_OUT_OF_CREDITS' });
    const { events } = server.createConversation('reason', { initial_user_msg: 'hello' });
    assert.deepEqual(events.at(-1)?.extras, { agent_state: 'error', reason: 'STATUS$ERROR_LLM_OUT_OF_CREDITS' });
  });

  /** The result of a message that joined a loop in which the model was being asked about another message. */
  async function joined(sid: string, earlier: OpenHandsScript): Promise<[string[], string[][]]> {
    server.script(sid, { runningLooks: 1, ...earlier });
    const conversation = server.createConversation(sid, { initial_user_msg: 'first' });
    server.script(sid, {});
    const before = conversation.events.length;
    await call(server.url, 'POST', `/api/conversations/${sid}/events`, {
      body: { action: 'message', args: { content: 'second' } },
    });
    await lookAt(server, sid, 1);
    return [conversation.events.slice(before).map(outline), conversation.modelCalls];
  }

  test('does not take up a message that arrived during a successful turn', async () => {
    assert.deepEqual(await joined('busy', {}), [
      ['user message', 'agent message', 'user recall', 'awaiting_user_input', 'environment null'],
      [['first']],
    ]);
  });

  test('takes up a message that arrived during a failing turn', async () => {
    assert.deepEqual(await joined('failing', { agent: 'errors' }), [
      [
        'user message',
        'error',
        'running',
        'error',
        'user recall',
        'environment null',
        'running',
        'agent message',
        'awaiting_user_input',
      ],
      [['first'], ['first', 'second']],
    ]);
  });

  test('records what each turn was about and in which life', () => {
    const conversation = server.createConversation('turns', { initial_user_msg: 'first' });
    server.restart();
    server.createConversation('turns', { initial_user_msg: 'second' });
    const turns = conversation.turns.map(({ about, saw, life, isAnswered }) => [
      about?.args?.content,
      saw.length,
      life,
      isAnswered,
    ]);
    assert.deepEqual(turns, [
      ['first', 1, 1, true],
      ['second', 2, 2, true],
    ]);
  });

  test('takes up a message that arrived before a tool call', async () => {
    const [events, modelCalls] = await joined('tooling', { toolCalls: 1 });
    assert.deepEqual(events, ['user message', 'agent run', 'user recall', 'environment null', 'agent run']);
    assert.deepEqual(modelCalls, [['first'], ['first', 'second']]);
  });

  test('accepts a message and stores it late or never', async () => {
    for (const [script, kept] of [
      [{ deliveryTrails: 2 }, [4, 7]],
      [{ swallows: true }, [4, 4]],
    ] as const) {
      const sid = Object.keys(script)[0] ?? '';
      server.script(sid, { ...script, agent: 'runs' });
      const { events } = server.createConversation(sid);
      const path = `/api/conversations/${sid}/events`;
      await call(server.url, 'POST', path, { body: { action: 'message', args: { content: 'anyone?' } } });
      const counts = [];
      for (const _look of [1, 2]) {
        await lookAt(server, sid, 1);
        counts.push(Math.min(events.length, 7));
      }
      assert.deepEqual(counts, kept);
    }
  });

  test('does not take up a message while loading', async () => {
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
  test('keeps events across a restart, without an event for the end of the loop', async () => {
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

  test('rejects a create without settings but has the conversation', async () => {
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

  test('rejects a create without a model key', async () => {
    await using(await OpenHandsStandIn.listen({ settings: 'without-key' }), async (server) => {
      const { status, body } = await call(server.url, 'POST', '/api/conversations', { body: {} });
      assert.deepEqual([status, (body as { msg_id: string }).msg_id], [400, 'STATUS$ERROR_LLM_AUTHENTICATION']);
    });
  });

  test('requires its session API key except on the health route', async () => {
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

  test('cannot report a status without Docker', async () => {
    await using(await OpenHandsStandIn.listen({ brokenStatus: 'error' }), async (server) => {
      server.createConversation('c');
      assert.equal((await call(server.url, 'GET', '/api/conversations/c')).status, 500);
      server.options.brokenStatus = 'cut';
      await assert.rejects(call(server.url, 'GET', '/api/conversations/c'));
      assert.equal((await call(server.url, 'GET', '/api/conversations/c/events')).status, 200);
    });
  });

  test('resets the next request on a connection on which the status failed', async () => {
    await using(await OpenHandsStandIn.listen({ brokenStatus: 'error-and-close' }), async (server) => {
      server.createConversation('c');
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      assert.equal(await get(agent, `${server.url}/api/conversations/c`), 500);
      assert.equal(await get(agent, `${server.url}/api/conversations/c/events`), 'ECONNRESET');
      assert.equal(server.count('GET /api/conversations/c/events'), 0);
      assert.equal(await get(agent, `${server.url}/api/conversations/c/events`), 200);
      agent.destroy();
    });
  });

  test('reports whether a loop is alive', async () => {
    await using(await OpenHandsStandIn.listen(), async (server) => {
      const ask = (sid: string) => call(server.url, 'GET', `/api/conversations/${sid}/microagents`);
      assert.deepEqual(await ask('c'), { status: 404, body: { detail: 'Conversation c not found' } });
      server.createConversation('c');
      const booting = { error: 'Memory is not yet initialized for this conversation' };
      assert.deepEqual(await ask('c'), { status: 404, body: booting });
      await lookAt(server, 'c', 1);
      assert.deepEqual(await ask('c'), { status: 200, body: { microagents: [] } });
      const gone = { status: 404, body: { error: 'Agent session not found for this conversation' } };
      server.restart();
      assert.deepEqual(await ask('c'), gone);
      server.options.version = '1.6.0';
      server.createConversation('newer');
      assert.equal((await ask('newer')).status, 200);
      server.options.hasMicroagents = false;
      assert.deepEqual(await ask('c'), { status: 404, body: { detail: 'Not Found' } });
    });
  });

  test('reports its uptime, and its version if available', async () => {
    await using(await OpenHandsStandIn.listen({ version: '1.6.0' }), async (server) => {
      const uptime = async () => {
        const { body } = await call(server.url, 'GET', '/server_info');
        return (body as { uptime: number }).uptime;
      };
      const first = await uptime();
      server.restart();
      assert.ok((await uptime()) < first - 10);
      const { body } = await call(server.url, 'GET', '/openapi.json');
      assert.equal((body as { info: { version: string } }).info.version, '1.6.0');
      server.options.version = '0.62.0';
      assert.equal((await call(server.url, 'GET', '/openapi.json')).status, 500);
    });
  });

  test('accepts mcp_config from 0.52.1 on and has this API up to 1.6', async () => {
    await using(await OpenHandsStandIn.listen({ version: '0.51.1' }), async (server) => {
      const body = { conversation_id: 'c', mcp_config: null };
      const { status, body: refusal } = await call(server.url, 'POST', '/api/conversations', { body });
      assert.deepEqual(
        [status, (refusal as { detail: { loc: string[] }[] }).detail[0]?.loc],
        [422, ['body', 'mcp_config']],
      );
      server.options.version = '1.6.0';
      assert.equal((await call(server.url, 'POST', '/api/conversations', { body })).status, 200);
      server.options.version = '1.7.0';
      assert.deepEqual(await call(server.url, 'POST', '/api/conversations', { body }), {
        status: 404,
        body: { detail: 'Not Found' },
      });
    });
  });

  test('drops a message with images if the model has no vision', async () => {
    await using(await OpenHandsStandIn.listen({ hasVision: false }), async (server) => {
      const { events } = server.createConversation('c');
      const say = (args: object) =>
        call(server.url, 'POST', '/api/conversations/c/events', { body: { action: 'message', args } });
      const before = events.length;
      assert.deepEqual(await say({ content: 'look', image_urls: ['data:image/png;base64,AA'] }), {
        status: 200,
        body: { success: true },
      });
      assert.equal(events.length, before);
      await say({ content: 'read', image_urls: [] });
      assert.equal(events[before]?.args?.content, 'read');
    });
  });

  test('returns odd and large events unchanged', async () => {
    await using(await OpenHandsStandIn.listen(), async (server) => {
      const conversation = server.createConversation('c');
      conversation.appendOdd({ id: '-1', observation: 'agent_state_changed', extras: { reason: null } });
      conversation.appendScreenshots(2, 1000);
      const { body } = await call(server.url, 'GET', '/api/conversations/c/events?reverse=true&limit=3');
      const { events } = body as { events: { id: unknown }[] };
      assert.deepEqual(
        events.map(({ id }) => id),
        [6, 5, '-1'],
      );
      assert.ok(JSON.stringify(body).length > 2000);
    });
  });

  test('answers 500 for a corrupt conversation and for a page with a corrupt event', async () => {
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

/** The status of an answer, or the error's code. */
function get(agent: http.Agent, url: string): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    http
      .get(url, { agent }, (response) => response.resume().on('end', () => resolve(response.statusCode)))
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}

async function using(server: OpenHandsStandIn, check: (server: OpenHandsStandIn) => Promise<void>): Promise<void> {
  try {
    await check(server);
  } finally {
    await server.close();
  }
}
