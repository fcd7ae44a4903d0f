import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createActivities } from '../../activities/activities.js';
import type { CheckConversationReadyInput, Evidence } from '../../activities/interface.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { AgentServerStandIn } from '../../dev-stack/stand-ins/agent-server-stand-in.js';
import type { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { failureOf } from '../harness/failure-of.js';
import { ActivityEnvironment, listen } from './activity-environment.js';

/** Evidence travels in heartbeats and histories, so a worker can meet evidence that another release left. */

const { checkConversationReady, createConversation } = createActivities();
const text = 'Fix the build';
const agentSettings = { llm: { model: 'openai/gpt-4o', api_key: 'sk-x' } };
const workspace = { working_dir: '/workspace' };

function agentServerInput(apiUrl: string): CreateNestedConversationInput {
  return inputFor(apiUrl, {
    server: 'agent-server',
    sid: '7d1b0a3e-0000-4000-8000-00000000000a',
    settings: { agentSettings, workspace },
    initialUserMsg: { content: text },
  });
}

/** The input of a readiness check of an existing conversation. */
async function lookInput(input: CreateNestedConversationInput): Promise<CheckConversationReadyInput> {
  const created = await new ActivityEnvironment().run(createConversation, { input });
  return { ...created, server: input.server, apiUrl: input.apiUrl, client: input.client };
}

const posts = ({ requests }: Pick<OpenHandsStandIn, 'requests'>) =>
  requests.filter(({ method }) => method === 'POST').map(({ path }) => path);

describe('evidence of a newer release', () => {
  const newer = { version: 3, known: 'in another way' } as Evidence;

  test('fails a create retryably before any request', async (t) => {
    const server = await listen(t);
    const input = inputFor(server.url);
    for (const environment of [new ActivityEnvironment({ heartbeatDetails: newer }), new ActivityEnvironment()]) {
      const failure = await failureOf(environment.run(createConversation, { input, evidence: newer }));
      assert.deepEqual([failure.type, failure.nonRetryable], ['NestedServerUnavailable', false]);
      assert.match(failure.message, /started by a newer worker: this one understands evidence up to version 2, not 3/);
    }
    assert.deepEqual(server.requests, []);
  });

  test('fails a check retryably before any request', async (t) => {
    const server = await listen(t);
    const input = await lookInput(inputFor(server.url));
    const before = server.requests.length;
    const failure = await failureOf(
      new ActivityEnvironment().run(checkConversationReady, { ...input, evidence: newer }),
    );
    assert.deepEqual([failure.type, failure.nonRetryable], ['NotReadyYet', false]);
    assert.match(failure.message, /started by a newer worker/);
    assert.equal(server.requests.length, before);
  });

  test('is left unchanged for the next attempt', async (t) => {
    const server = await listen(t);
    const environment = new ActivityEnvironment({ heartbeatDetails: newer });
    await failureOf(environment.run(createConversation, { input: inputFor(server.url) }));
    assert.deepEqual(environment.heartbeats, []);
  });
});

describe('evidence of the previous release', () => {
  const atBaseline = { watermark: -1, cursor: -1, caughtUp: true, status: 'absent' };

  test('lets a create that lost its answer continue without sending again', async (t) => {
    const server = await listen(t);
    const input = inputFor(server.url, { sid: 'conv' });
    server.createConversation('conv', { initial_user_msg: input.initialUserMsg?.content ?? null });
    const environment = new ActivityEnvironment({ heartbeatDetails: atBaseline });
    const created = await environment.run(createConversation, { input });
    assert.deepEqual(posts(server), []);
    const look = { ...created, server: input.server, apiUrl: input.apiUrl, client: input.client };
    assert.equal((await new ActivityEnvironment().run(checkConversationReady, look)).ready, true);
  });

  test('lets a create that sent nothing continue and send', async (t) => {
    const server = await listen(t);
    const environment = new ActivityEnvironment({ heartbeatDetails: atBaseline });
    await environment.run(createConversation, { input: inputFor(server.url) });
    assert.deepEqual(posts(server), ['/api/conversations']);
  });

  test('lets checks continue', async (t) => {
    const server = await listen(t);
    const input = await lookInput(inputFor(server.url, { sid: 'conv' }));
    const evidence = {
      ...atBaseline,
      status: 'RUNNING',
      tellsStatus: true,
      accepted: true,
      cursor: 5,
      agent: { id: 5, state: 'running', reason: '' },
      loadingId: 0,
      pastId: -1,
      messageId: 2,
    } as Evidence;
    for (const environment of [
      new ActivityEnvironment(),
      new ActivityEnvironment({ heartbeatDetails: { evidence, seen: 'RUNNING (agent loading)' } }),
    ]) {
      assert.equal((await environment.run(checkConversationReady, { ...input, evidence })).ready, true);
    }
  });

  test('lets the agent be woken after a restart for a message that it has not seen', async (t) => {
    const server = await listen(t);
    server.script('conv', { agent: 'runs' });
    const input = inputFor(server.url, { sid: 'conv', initialUserMsg: { content: text } });
    server.createConversation('conv', { initial_user_msg: text });
    server.restart();
    const evidence = { ...atBaseline, cursor: 6, status: 'STOPPED', accepted: true, messageId: 2, loadingId: 0 };
    await new ActivityEnvironment().run(createConversation, { input, evidence: evidence as Evidence });
    assert.deepEqual(posts(server), [
      '/api/conversations',
      '/api/conversations/conv/events',
      '/api/conversations/conv/events',
    ]);
    assert.equal(server.conversation('conv').messagesSeenByModel.filter((message) => message === text).length, 1);
  });

  test('lets a start on an agent server continue', async (t) => {
    const server = await AgentServerStandIn.listen();
    t.after(() => server.close());
    const input = agentServerInput(server.url);
    server.createConversation(input.sid, { role: 'user', content: [{ type: 'text', text }], run: true });
    const heartbeatDetails = { caughtUp: true, status: 'absent' };
    const created = await new ActivityEnvironment({ heartbeatDetails }).run(createConversation, { input });
    const look = { ...created, server: input.server, apiUrl: input.apiUrl, client: input.client };
    assert.equal((await new ActivityEnvironment().run(checkConversationReady, look)).ready, true);
    assert.deepEqual(posts(server), []);
  });
});
