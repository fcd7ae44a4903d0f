import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type AgentServerScript, textOf } from '../../dev-stack/stand-ins/agent-server-conversation.js';
import { AgentServerStandIn } from '../../dev-stack/stand-ins/agent-server-stand-in.js';
import { call } from './call.js';

const hello = { role: 'user', content: [{ type: 'text' as const, text: 'hello' }] };

const rows: { outcome: string; script: AgentServerScript; looks: string[] }[] = [
  { outcome: 'has finished at the first check', script: {}, looks: ['finished 200'] },
  { outcome: 'is idle until the n-th check', script: { idleLooks: 2 }, looks: ['idle 200', 'finished 200'] },
  { outcome: 'runs until the n-th check', script: { runningLooks: 2 }, looks: ['running 200', 'finished 200'] },
  { outcome: 'keeps running', script: { agent: 'runs' }, looks: ['running 200', 'running 200'] },
  { outcome: 'gets stuck', script: { agent: 'stuck' }, looks: ['stuck 200'] },
  {
    outcome: 'waits for confirmation',
    script: { agent: 'waiting_for_confirmation' },
    looks: ['waiting_for_confirmation 200'],
  },
  { outcome: 'is absent for n checks', script: { absentLooks: 1 }, looks: ['404 404', 'finished 200'] },
  {
    outcome: 'is in a stale catalogue while its events are absent',
    script: { absentLooks: 1, inStaleCatalogue: true },
    looks: ['finished 404', 'finished 200'],
  },
  {
    outcome: 'uses tools, one per check, before it finishes',
    script: { runningLooks: 1, toolCalls: 2 },
    looks: ['running 200', 'running 200', 'finished 200'],
  },
  { outcome: 'shows another status', script: { executionStatus: 'deleting' }, looks: ['deleting 200'] },
];

describe('a scripted agent server conversation', () => {
  let server: AgentServerStandIn;
  before(async () => {
    server = await AgentServerStandIn.listen();
  });
  after(() => server.close());

  const get = (id: string, path = '') => call(server.url, 'GET', `/api/conversations/${id}${path}`);
  const post = (path: string, body?: unknown) => call(server.url, 'POST', `/api/conversations${path}`, { body });
  const creation = (id: string) => ({
    conversation_id: id,
    agent_settings: { llm: { model: 'openai/gpt-4o' } },
    workspace: { working_dir: '/workspace' },
    initial_message: hello,
  });

  for (const { outcome, script, looks } of rows) {
    test(outcome, async () => {
      const id = randomUUID();
      server.script(id, script);
      await post('', creation(id));
      const seen = [];
      for (const _look of looks) {
        const { status, body } = await get(id);
        const { execution_status: executionStatus } = body as { execution_status?: string };
        seen.push(`${executionStatus ?? status} ${(await get(id, '/events/count')).status}`);
      }
      assert.deepEqual(seen, looks);
    });
  }

  test('fails with an error event that arrives after the status', async () => {
    const id = randomUUID();
    server.script(id, { agent: 'error', errorEventTrails: 2 });
    server.createConversation(id, hello);
    const found = [];
    for (const _look of [1, 2]) {
      const { body } = await get(id, '/events/search?kind=ConversationErrorEvent&sort_order=TIMESTAMP_DESC&limit=1');
      found.push((body as { items: { code: string }[] }).items.map(({ code }) => code));
    }
    assert.equal(server.conversation(id).executionStatus, 'error');
    assert.deepEqual(found, [[], ['LLMAuthenticationError']]);
  });

  test('is stored without its message if the process is killed during the create', async () => {
    const id = randomUUID();
    server.script(id, { losesMessage: true });
    await assert.rejects(post('', creation(id)));
    const { status, body } = await post('', creation(id));
    assert.deepEqual([status, (body as { execution_status: string }).execution_status], [200, 'idle']);
    assert.deepEqual(server.conversation(id).events, []);

    await post(`/${id}/events`, { ...hello, run: true });
    assert.deepEqual(server.conversation(id).messagesSeenByModel, ['hello']);
  });

  for (const [signal, left, newest] of [
    ['SIGTERM', 'paused', 'InterruptEvent'],
    ['SIGKILL', 'error', 'ConversationStateUpdateEvent'],
  ] as const) {
    test(`has status ${left} after ${signal} during a run, without an error event, and can be run again`, async () => {
      const id = randomUUID();
      server.script(id, { agent: 'runs' });
      const conversation = server.createConversation(id, hello);
      server.restart({ signal });
      assert.equal(conversation.executionStatus, left);
      assert.equal(conversation.events.at(-1)?.kind, newest);
      assert.equal(
        conversation.events.some(({ kind }) => kind === 'ConversationErrorEvent'),
        false,
      );

      server.script(id, {});
      await post(`/${id}/run`);
      assert.equal(conversation.executionStatus, 'finished');
      assert.deepEqual(conversation.modelCalls, [['hello'], ['hello']]);
    });
  }

  test('is paused after SIGTERM, and idle after SIGKILL, before an accepted run begins', async () => {
    for (const [signal, left] of [
      ['SIGTERM', 'paused'],
      ['SIGKILL', 'idle'],
    ] as const) {
      const id = randomUUID();
      server.script(id, { idleLooks: 5 });
      const conversation = server.createConversation(id, hello);
      server.restart({ signal });
      assert.equal(conversation.executionStatus, left);
      assert.deepEqual(conversation.modelCalls, []);
      server.script(id, {});
      assert.equal((await post(`/${id}/run`)).status, 200);
      assert.deepEqual(conversation.modelCalls, [['hello']]);
    }
  });

  test('answers 500 to the create and loses the message, or answers 500 to each message', async () => {
    const [creating, delivering] = [randomUUID(), randomUUID()];
    server.script(creating, { createBreaks: 'MCP Connection Failure' });
    server.script(delivering, { deliveryBreaks: 'MCP Connection Failure' });
    server.createConversation(delivering);
    const { status, body } = await post('', creation(creating));
    assert.deepEqual([status, (body as { exception: string }).exception], [500, 'MCP Connection Failure']);
    assert.equal((await post('', creation(creating))).status, 200);
    assert.equal((await post(`/${creating}/events`, { ...hello, run: true })).status, 200);
    assert.deepEqual(server.conversation(creating).modelCalls, [['hello']]);
    assert.equal((await post(`/${delivering}/events`, hello)).status, 500);
    assert.deepEqual(server.conversation(delivering).events, []);
  });

  test('accepts a message without storing it, and always refuses to run', async () => {
    const id = randomUUID();
    server.script(id, { swallows: true, refusesRun: true });
    const { events } = server.createConversation(id);
    assert.deepEqual(await post(`/${id}/events`, { ...hello, run: true }), { status: 200, body: { success: true } });
    assert.deepEqual(events, []);
    assert.equal((await post(`/${id}/run`)).status, 409);
  });

  test('stores a message sent during a tool call after the call, and takes it up in the same run', async () => {
    const id = randomUUID();
    server.script(id, { runningLooks: 2, toolCalls: 1, deliveryTrails: 1 });
    const conversation = server.createConversation(id, hello);
    const abandoned = fetch(`${server.url}/api/conversations/${id}/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ role: 'user', content: [{ type: 'text', text: 'more' }] }),
      signal: AbortSignal.timeout(100),
    });
    await assert.rejects(abandoned);
    await get(id);
    await get(id);
    await get(id);
    assert.deepEqual(conversation.modelCalls, [['hello'], ['hello', 'more']]);
    assert.equal(conversation.executionStatus, 'finished');
  });

  test('is absent for a while, but in the catalogue, after another host has taken it over', async () => {
    const id = randomUUID();
    server.createConversation(id, hello).changeHost(2);
    const seen = [];
    for (const _look of [1, 2, 3]) seen.push([(await get(id, '/events/count')).status, (await get(id)).status]);
    assert.deepEqual(seen, [
      [404, 200],
      [404, 200],
      [200, 200],
    ]);
  });

  test('records what each turn was about and what the model saw', () => {
    const id = randomUUID();
    const conversation = server.createConversation(id, hello);
    conversation.receive({ role: 'user', content: [] });
    conversation.run();
    const turns = conversation.turns.map(({ about, saw, isAnswered }) => [
      about && textOf(about),
      saw.length,
      isAnswered,
    ]);
    assert.deepEqual(turns, [
      ['hello', 1, true],
      ['', 2, true],
    ]);
  });

  test('shows an error from title generation before it runs', () => {
    const id = randomUUID();
    server.script(id, { titleErrors: true });
    const { events } = server.createConversation(id, hello);
    const error = events.findIndex(({ kind }) => kind === 'ConversationErrorEvent');
    assert.ok(error < events.findIndex(({ value }) => value === 'running'));
    assert.equal(events[error]?.parent_id, events.find(({ kind }) => kind === 'MessageEvent')?.id);
  });

  test('pauses a run after the call to the model and rejects a second run', async () => {
    const id = randomUUID();
    server.script(id, { agent: 'runs' });
    const conversation = server.createConversation(id, hello);
    assert.equal((await post(`/${id}/run`)).status, 409);
    await post(`/${id}/pause`);
    assert.equal(conversation.executionStatus, 'running');
    await get(id);
    assert.equal(conversation.executionStatus, 'paused');
  });
});

describe('the agent server stand-in at capacity', () => {
  test('rejects as many runs as it is told to', async () => {
    const server = await AgentServerStandIn.listen({ refusesRuns: 2 });
    const id = randomUUID();
    const post = async (path: string, body?: unknown) =>
      (await call(server.url, 'POST', `/api/conversations${path}`, { body })).status;
    const create = { conversation_id: id, agent: {}, workspace: { working_dir: '/' } };
    assert.deepEqual([await post('', create), await post('', create), await post('', create)], [429, 429, 201]);
    server.options.refusesRuns = 1;
    assert.deepEqual([await post(`/${id}/events`, { ...hello, run: true }), await post(`/${id}/run`)], [429, 200]);
    assert.deepEqual(server.conversation(id).modelCalls, [['hello']]);
    await server.close();
  });

  test('stores nothing of a rejected create, but keeps a message that it cannot run', async () => {
    const server = await AgentServerStandIn.listen({ maxConcurrentRuns: 1 });
    try {
      const [idle, running, refused] = [randomUUID(), randomUUID(), randomUUID()];
      server.script(running, { agent: 'runs' });
      server.createConversation(idle);
      server.createConversation(running, hello);
      const post = (path: string, body?: unknown) => call(server.url, 'POST', `/api/conversations${path}`, { body });

      const create = { conversation_id: refused, agent: {}, workspace: { working_dir: '/' } };
      const detail = 'Conversation run limit reached. Retry the request later.';
      assert.deepEqual(await post('', create), { status: 429, body: { detail } });
      assert.equal(server.has(refused), false);
      assert.deepEqual(await post(`/${idle}/run`), { status: 429, body: { detail } });
      assert.equal((await post(`/${idle}/events`, { ...hello, run: true })).status, 429);
      assert.equal(server.conversation(idle).events.filter(({ kind }) => kind === 'MessageEvent').length, 1);
      assert.equal((await post('', { ...create, conversation_id: idle })).status, 200);
    } finally {
      await server.close();
    }
  });
});

/** A message that joins a run in which the model is being asked about another message. */
describe('the agent server stand-in of a version:', () => {
  const joined = async (version: string, earlier: AgentServerScript) => {
    const server = await AgentServerStandIn.listen({ version });
    try {
      const id = randomUUID();
      server.script(id, { runningLooks: 1, ...earlier });
      const conversation = server.createConversation(id, hello);
      server.script(id, {});
      const before = conversation.events.length;
      const body = { role: 'user', content: [{ type: 'text', text: 'more' }], run: true };
      await call(server.url, 'POST', `/api/conversations/${id}/events`, { body });
      await call(server.url, 'GET', `/api/conversations/${id}`);
      const shown = conversation.events
        .slice(before)
        .filter(({ key }) => key !== 'last_user_message_id')
        .map(({ source, kind, value }) => value ?? `${source} ${kind}`);
      const [message, error] = ['MessageEvent', 'ConversationErrorEvent'].map((kind) =>
        conversation.events.slice(before).find((event) => event.kind === kind),
      );
      if (error) assert.equal(error.parent_id, message?.id);
      await call(server.url, 'POST', `/api/conversations/${id}/run`);
      return [shown, conversation.modelCalls.length];
    } finally {
      await server.close();
    }
  };
  const answered = ['user MessageEvent', 'agent MessageEvent', 'finished'];

  test('1.40 loses a message that joined a run, even in the next run', async () => {
    assert.deepEqual(await joined('1.40.0', {}), [answered, 1]);
  });

  test('1.58 runs again for a message that joined a run', async () => {
    assert.deepEqual(await joined('1.58.2', {}), [[...answered, 'running', 'agent MessageEvent', 'finished'], 2]);
  });

  test('any version takes up a message that joined a failed run when it runs again', async () => {
    for (const version of ['1.40.0', '1.58.2']) {
      const events = ['user MessageEvent', 'error', 'environment ConversationErrorEvent'];
      assert.deepEqual(await joined(version, { agent: 'error' }), [events, 2]);
    }
  });

  test('1.23 answers 500 where later versions answer 422, and its events have neither parent nor classification', async () => {
    const server = await AgentServerStandIn.listen({ version: '1.23.1' });
    const id = randomUUID();
    server.script(id, { agent: 'error', trailsStats: true });
    const { events } = server.createConversation(id, hello);
    assert.equal(
      events.some((event) => 'parent_id' in event || 'classification' in event),
      false,
    );
    const status = async (method: string, path: string, body?: unknown) =>
      (await call(server.url, method, `/api/conversations${path}`, { body })).status;
    assert.equal(await status('GET', `/${id}/events/search?limit=101`), 500);
    assert.equal(await status('POST', '', { agent: {} }), 500);
    await server.close();
  });

  test("any version stores a run's statistics after its end with an earlier timestamp", async () => {
    const server = await AgentServerStandIn.listen({ script: { trailsStats: true } });
    const { events } = server.createConversation(randomUUID(), hello);
    const [finished, stats] = events.slice(-2);
    assert.deepEqual([finished?.value, stats?.key], ['finished', 'stats']);
    assert.ok(String(stats?.timestamp) < String(finished?.timestamp));
    await server.close();
  });

  test('1.56 and newer find events by their bare kind, all versions by their module path', async () => {
    const path = 'openhands.sdk.event.llm_convertible.message.MessageEvent';
    for (const [version, found] of [
      ['1.55.1', [0, 2]],
      ['1.56.0', [2, 2]],
    ] as const) {
      const server = await AgentServerStandIn.listen({ version });
      const id = randomUUID();
      server.createConversation(id, hello);
      const counts = [];
      for (const kind of ['MessageEvent', path]) {
        const { body } = await call(server.url, 'GET', `/api/conversations/${id}/events/search?kind=${kind}`);
        counts.push((body as { items: unknown[] }).items.length);
      }
      assert.deepEqual(counts, found);
      const { body: info } = await call(server.url, 'GET', '/server_info');
      assert.equal((info as { version: string }).version, version);
      assert.ok(Number.isInteger((info as { uptime: number }).uptime));
      await server.close();
    }
  });

  test('some versions look for a page id only among the matching events', async () => {
    for (const [findsPagesByAnyEvent, found] of [
      [true, 1],
      [false, 2],
    ] as const) {
      const server = await AgentServerStandIn.listen({ traits: { findsPagesByAnyEvent } });
      const id = randomUUID();
      const { events } = server.createConversation(id, hello);
      const run = events.find(({ value }) => value === 'running');
      const query = `kind=MessageEvent&page_id=${run?.id}`;
      const { body } = await call(server.url, 'GET', `/api/conversations/${id}/events/search?${query}`);
      assert.equal((body as { items: unknown[] }).items.length, found);
      await server.close();
    }
  });

  test('any version, as an uninitialized member of a pool, answers only that it is alive', async () => {
    const server = await AgentServerStandIn.listen({ isInitialized: false });
    const get = async (path: string) => (await call(server.url, 'GET', path)).status;
    const paths = ['/alive', '/server_info', '/ready', '/api/conversations/x'];
    assert.deepEqual(await Promise.all(paths.map(get)), [200, 200, 503, 503]);
    assert.equal((await call(server.url, 'POST', '/api/init', { body: {} })).status, 200);
    assert.equal(await get('/api/conversations/x'), 422);
    await server.close();
  });
});
