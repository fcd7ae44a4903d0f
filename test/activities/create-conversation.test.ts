import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CancelledFailure } from '@temporalio/common';
import { createActivities } from '../../activities/activities.js';
import { inputFor } from '../../dev-stack/input-for.js';
import type { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { failureOf } from '../harness/failure-of.js';
import { ActivityEnvironment, listen } from './activity-environment.js';

const { createConversation } = createActivities();

const create = 'POST /api/conversations';

const replayJson = JSON.stringify([
  { source: 'user', action: 'message', args: { content: 'hi' } },
  { source: 'agent', action: 'message', args: { content: 'A', wait_for_response: true } },
]);

/** The method and path of all requests, without queries. */
function requested(server: OpenHandsStandIn): string[] {
  return server.requests.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`);
}

function posts(server: OpenHandsStandIn) {
  return server.requests.filter(({ method }) => method === 'POST');
}

describe('what createConversation sends', () => {
  test('is one read, the POST and one read of the outcome, if nothing is there and nothing goes wrong', async (t) => {
    const server = await listen(t);
    const input = inputFor(server.url);
    await new ActivityEnvironment().run(createConversation, { input });
    const conversation = `GET /api/conversations/${input.sid}`;
    assert.deepEqual(requested(server), [`${conversation}/events`, create, `${conversation}/events`, conversation]);
  });

  test("is every field of the input, under the server's names", async (t) => {
    const server = await listen(t);
    const mcpConfig = {
      sse_servers: ['http://tools'],
      stdio_servers: [{ name: 'fs', env: { rootDir: '/', api_key: 'k' } }],
    };
    const input = inputFor(server.url, {
      settings: {
        mcpConfig,
        repository: 'octo/cat',
        selectedBranch: 'main',
        gitProvider: 'github',
        conversationInstructions: 'Be brief.',
      },
      initialUserMsg: { content: 'Fix the build', imageUrls: ['https://img/1.png'] },
    });
    await new ActivityEnvironment().run(createConversation, { input });
    assert.deepEqual(
      posts(server).map(({ body }) => body),
      [
        {
          conversation_id: input.sid,
          initial_user_msg: 'Fix the build',
          image_urls: ['https://img/1.png'],
          mcp_config: mcpConfig,
          repository: 'octo/cat',
          selected_branch: 'main',
          git_provider: 'github',
          conversation_instructions: 'Be brief.',
        },
      ],
    );
  });

  test('is the replay, unchanged', async (t) => {
    const server = await listen(t);
    const input = inputFor(server.url, { initialUserMsg: null, replayJson });
    await new ActivityEnvironment().run(createConversation, { input });
    const [body] = posts(server).map(({ body }) => body as Record<string, unknown>);
    assert.equal(body?.replay_json, replayJson);
    assert.equal('initial_user_msg' in (body ?? {}), false);
  });

  test('carries the session key on every request', async (t) => {
    const server = await listen(t, { sessionApiKey: 'k3y' });
    const input = inputFor(server.url, { client: { sessionApiKey: 'k3y' } });
    await new ActivityEnvironment().run(createConversation, { input });
    assert.deepEqual(
      server.requests.map(({ headers }) => headers['x-session-api-key']),
      server.requests.map(() => 'k3y'),
    );
    assert.equal(posts(server).length, 1);
  });

  test('carries no session key if there is none', async (t) => {
    const server = await listen(t);
    await new ActivityEnvironment().run(createConversation, { input: inputFor(server.url) });
    assert.equal(posts(server).length, 1);
    assert.ok(server.requests.every(({ headers }) => !('x-session-api-key' in headers)));
  });

  test('goes to paths below the path of apiUrl', async (t) => {
    const server = await listen(t);
    const input = inputFor(`${server.url}/runtime/7/`, { sid: 'conv-7' });
    server.inject({ path: /events/, fault: { kind: 'answer', status: 200, body: '{"events":[]}' } });
    server.inject({
      path: /./,
      times: 9,
      fault: { kind: 'answer', status: 404, body: '{"detail":"Conversation conv-7 not found"}' },
    });
    const { type } = await failureOf(new ActivityEnvironment().run(createConversation, { input }));
    assert.equal(type, 'ConversationRejected');
    assert.deepEqual(requested(server), [
      'GET /runtime/7/api/conversations/conv-7/events',
      'GET /runtime/7/api/conversations/conv-7',
      'POST /runtime/7/api/conversations',
    ]);
  });

  test('has the sid encoded in the path and unchanged in the body', async (t) => {
    const server = await listen(t);
    const input = inputFor(server.url, { sid: 'a b?c#d%2fé' });
    await new ActivityEnvironment().run(createConversation, { input });
    const paths = server.requests.map(({ path }) => path).filter((path) => path.endsWith('/a%20b%3Fc%23d%252f%C3%A9'));
    assert.notEqual(paths.length, 0);
    assert.equal((posts(server)[0]?.body as Record<string, unknown>).conversation_id, input.sid);
  });

  test('is nothing for an input that breaks the contract', async (t) => {
    const server = await listen(t);
    const input = { ...inputFor(server.url), sid: '../x', extra: 1 };
    const { type, nonRetryable, details } = await failureOf(
      new ActivityEnvironment().run(createConversation, { input }),
    );
    assert.deepEqual({ type, nonRetryable }, { type: 'InvalidInput', nonRetryable: true });
    assert.deepEqual(details, [
      {
        problems: [
          { field: 'sid', problem: "must not contain '..', '/' or '\\'" },
          { field: 'extra', problem: 'is unknown: remove it' },
        ],
      },
    ]);
    assert.deepEqual(server.requests, []);
  });
});

describe('the checkpoint of createConversation', () => {
  test('is acknowledged by Temporal before anything is posted', async (t) => {
    const server = await listen(t);
    const postedBefore: number[] = [];
    const environment = new ActivityEnvironment({}, () => postedBefore.push(server.count(create)));
    await environment.run(createConversation, { input: inputFor(server.url) });
    assert.deepEqual(postedBefore, [0]);
    assert.equal(server.count(create), 1);
  });

  test('holds the newest event before this start', async (t) => {
    const server = await listen(t);
    const input = inputFor(server.url);
    const { events } = server.createConversation(input.sid, { initial_user_msg: 'An old message' });
    server.restart();
    const watermark = events.at(-1)?.id;
    const environment = new ActivityEnvironment();
    await environment.run(createConversation, { input });
    assert.deepEqual(
      environment.writtenDown.map((details) => (details as { state: { watermark: number } }).state.watermark),
      [watermark],
    );
  });

  test('is the only heartbeat of a create that takes less than a second', async (t) => {
    // Fake timers: the test must not depend on the speed of this machine.
    t.mock.timers.enable({ apis: ['setInterval'] });
    const server = await listen(t);
    const environment = new ActivityEnvironment();
    await environment.run(createConversation, { input: inputFor(server.url) });
    assert.equal(environment.writtenDown.length, 1);
    assert.deepEqual(environment.heartbeats, []);
  });

  test('is repeated in every later heartbeat', async (t) => {
    const server = await listen(t);
    const held = server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'delay-until' } });
    const environment = new ActivityEnvironment();
    const outcome = environment.run(createConversation, { input: inputFor(server.url) });
    await held.reached;
    assert.deepEqual(await environment.nextHeartbeat(), environment.writtenDown[0]);
    held.release();
    await outcome;
  });

  test('stops an attempt that Temporal has given up on before it posts', async (t) => {
    const server = await listen(t);
    const environment = new ActivityEnvironment({}, () => {
      throw new Error('activity not found');
    });
    await assert.rejects(environment.run(createConversation, { input: inputFor(server.url) }), /activity not found/);
    assert.deepEqual(posts(server), []);
    assert.notEqual(server.requests.length, 0);
  });
});

describe('createConversation sends the first message once', () => {
  /** Runs a first attempt until it fails, and returns the environment of the second. */
  async function failOnce(input: object): Promise<ActivityEnvironment> {
    const first = new ActivityEnvironment();
    assert.equal((await failureOf(first.run(createConversation, { input }))).type, 'NestedServerUnavailable');
    return new ActivityEnvironment({ attempt: 2, heartbeatDetails: first.writtenDown.at(-1) });
  }

  test('when the answer to the POST was lost', async (t) => {
    const server = await listen(t);
    const input = inputFor(server.url);
    server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'lose-answer' } });
    const second = await failOnce(input);
    await second.run(createConversation, { input });
    assert.deepEqual(posts(server).length, 1);
    assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build']);
  });

  test('when the POST never arrived', async (t) => {
    const server = await listen(t);
    const input = inputFor(server.url);
    server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'refuse' } });
    const second = await failOnce(input);
    await second.run(createConversation, { input });
    assert.equal(server.count(create), 2);
    assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build']);
  });

  test('when the answer was lost and the server has restarted since', async (t) => {
    const server = await listen(t);
    const settings = { mcpConfig: { sse_servers: ['http://tools'] }, conversationInstructions: 'Be brief.' };
    const input = inputFor(server.url, { settings });
    server.script(input.sid, { agent: 'runs' });
    server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'lose-answer' } });
    const second = await failOnce(input);
    server.restart();
    await second.run(createConversation, { input });
    const bodies = posts(server).map(({ body }) => body as Record<string, unknown>);
    assert.deepEqual(
      bodies.slice(0, 2).map(({ initial_user_msg: message }) => message),
      ['Fix the build', undefined],
    );
    assert.deepEqual(bodies[1]?.mcp_config, settings.mcpConfig);
    assert.equal(bodies[1]?.conversation_instructions, settings.conversationInstructions);
    const messages = server
      .conversation(input.sid)
      .events.filter(({ action, source }) => `${source} ${action}` === 'user message');
    assert.equal(messages.length, 1);
    assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build']);
  });

  test("when the conversation's loop was already alive", async (t) => {
    const server = await listen(t);
    const input = inputFor(server.url);
    server.createConversation(input.sid, { initial_user_msg: 'An old message' });
    await new ActivityEnvironment().run(createConversation, { input });
    assert.equal(server.count(create), 0);
    assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['An old message', 'Fix the build']);
  });

  for (const content of ['Fix the build', 'Now deploy it']) {
    test(`when a stopped conversation is resumed with '${content}'`, async (t) => {
      const server = await listen(t);
      const input = inputFor(server.url, { initialUserMsg: { content } });
      server.createConversation(input.sid, { initial_user_msg: 'Fix the build' });
      server.restart();
      await new ActivityEnvironment().run(createConversation, { input });
      assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build', content]);
    });
  }

  test('or fails if a live conversation cannot take a replay', async (t) => {
    const server = await listen(t);
    const input = inputFor(server.url, { initialUserMsg: null, replayJson });
    server.createConversation(input.sid);
    const { type, message } = await failureOf(new ActivityEnvironment().run(createConversation, { input }));
    assert.equal(type, 'ConversationFailed');
    assert.match(message, /can't be started: it was already running, and a running conversation takes no replay$/);
    assert.deepEqual(posts(server), []);
  });
});

test('a create fails at once when the agent reports an error', async (t) => {
  const server = await listen(t, { script: { agent: 'errors', errorReason: 'STATUS$ERROR_LLM_AUTHENTICATION' } });
  const input = inputFor(server.url, { sid: 'conv' });
  const { type, nonRetryable, message, details } = await failureOf(
    new ActivityEnvironment().run(createConversation, { input }),
  );
  assert.deepEqual({ type, nonRetryable }, { type: 'ConversationFailed', nonRetryable: true });
  assert.equal(message, "conv can't be started: STATUS$ERROR_LLM_AUTHENTICATION");
  assert.deepEqual(details, [{ reason: 'STATUS$ERROR_LLM_AUTHENTICATION' }]);
});

test('a cancelled create waits for the POST that is under way', async (t) => {
  const server = await listen(t);
  const input = inputFor(server.url);
  const held = server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'delay-until' } });
  const environment = new ActivityEnvironment();
  const outcome = environment.run(createConversation, { input });
  await held.reached;
  environment.cancel();
  await Promise.race([outcome, environment.nextHeartbeat()]);
  held.release();
  await assert.rejects(outcome, CancelledFailure);
  assert.ok(server.has(input.sid));
});
