import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { AgentServerScript } from '../nested-server/agent-server-conversation.js';
import { AgentServerStandIn } from '../nested-server/agent-server-stand-in.js';
import { call } from './call.js';

const hello = { role: 'user', content: [{ type: 'text' as const, text: 'hello' }] };

const rows: { outcome: string; script: AgentServerScript; looks: string[] }[] = [
  { outcome: 'has finished at the first look', script: {}, looks: ['finished 200'] },
  { outcome: 'is idle until the n-th look', script: { idleLooks: 2 }, looks: ['idle 200', 'finished 200'] },
  { outcome: 'runs until the n-th look', script: { runningLooks: 2 }, looks: ['running 200', 'finished 200'] },
  { outcome: 'runs on', script: { agent: 'runs' }, looks: ['running 200', 'running 200'] },
  { outcome: 'gets stuck', script: { agent: 'stuck' }, looks: ['stuck 200'] },
  {
    outcome: 'waits for confirmation',
    script: { agent: 'waiting_for_confirmation' },
    looks: ['waiting_for_confirmation 200'],
  },
  { outcome: 'is absent for n looks', script: { absentLooks: 1 }, looks: ['404 404', 'finished 200'] },
  {
    outcome: 'is in a stale catalogue while its events are absent',
    script: { absentLooks: 1, inStaleCatalogue: true },
    looks: ['finished 404', 'finished 200'],
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

  test('fails with an error whose event trails the status', async () => {
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

  test('is stored without its message when the process is killed in the create', async () => {
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
    test(`is ${left} after ${signal} while it ran, without an error's event, and can be run again`, async () => {
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

  test('pauses a run when the call to the model has ended, and refuses a second run', async () => {
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

describe('the agent server stand-in at its capacity', () => {
  test('stores nothing of a create, but keeps the message that it can not run', async () => {
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
