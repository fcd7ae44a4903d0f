import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { type AgentServerEvidence, agentServer } from '../../activities/nested-server/agent-server.js';
import type { Goal } from '../../activities/nested-server/dialect.js';
import { messageDigest } from '../../activities/nested-server/message-digest.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { recordedActivities } from '../harness/history.js';
import { failureOf, inputFor, run, start } from '../harness/start.js';
import { startTimeSkipping, type Temporal } from '../harness/temporal.js';
import type { AgentServerScript } from '../nested-server/agent-server-conversation.js';
import { AgentServerStandIn } from '../nested-server/agent-server-stand-in.js';
import { type DialectRow, testConclusions } from './dialect-table.js';

const text = 'Fix the build';
const say = (words: string) => ({ role: 'user', content: [{ type: 'text' as const, text: words }], run: true });

describe('a conversation of agent-server that is', () => {
  const goal: Goal = {
    sid: '7d1b0a3e-0000-4000-8000-000000000000',
    messageDigest: messageDigest(text),
    isReplay: false,
    readyWhen: 'agent-started',
  };
  const { messageDigest: _, ...noMessage } = goal;
  const weaker: Goal = { ...goal, readyWhen: 'accepting-events' };

  /** What was found five times in a row: nothing more is to be expected of what was sent. */
  const settled = { unchanged: 5 };
  const ours = { messageId: 'm' };
  const rejectedKey = 'LLMAuthenticationError: Your LLM API key appears to be invalid or has expired.';

  /** What is known once something was sent. */
  function seen(status: string, known: Partial<AgentServerEvidence> = {}): AgentServerEvidence {
    return { caughtUp: true, status, unchanged: 1, ...known };
  }

  /** What is known before anything was sent. */
  function surveyed(status: string): AgentServerEvidence {
    return { caughtUp: true, status };
  }

  const table: DialectRow<AgentServerEvidence>[] = [
    ['never posted', surveyed('absent'), 'post', 'incomplete: absent'],
    ['posted, not there yet', seen('absent'), 'post', 'pending: absent'],
    ['lost by the server', seen('absent', settled), 'post', 'incomplete: absent'],
    ['posted, its agent not at work yet', seen('idle', ours), 'done', 'pending: idle'],
    ['at work', seen('running', ours), 'done', 'ready: running'],
    ['answered', seen('finished', ours), 'done', 'ready: finished'],
    ['waiting for a confirmation', seen('waiting_for_confirmation', ours), 'done', 'ready: waiting_for_confirmation'],
    ['posted without a message', seen('idle'), 'done', 'ready: idle', noMessage],

    ['there before, and idle', surveyed('idle'), 'deliver', 'incomplete: idle, without its message'],
    ['there before, and finished', surveyed('finished'), 'deliver', 'incomplete: finished, without its message'],
    ['there before, and at work', surveyed('running'), 'deliver', 'incomplete: running, without its message'],
    ['there before, and in error', surveyed('error'), 'deliver', 'incomplete: error, without its message'],
    ['there before, and stuck', surveyed('stuck'), 'deliver', 'incomplete: stuck, without its message'],
    ['there before, and no message is meant', surveyed('paused'), 'done', 'ready: paused', noMessage],
    ['there before, in error, and no message is meant', surveyed('error'), 'done', 'ready: error', noMessage],

    ['without its message, which may still come', seen('idle'), 'done', 'pending: idle, without its message'],
    ['without its message', seen('idle', settled), 'deliver', 'incomplete: idle, without its message'],
    [
      'without its message, which a running tool may hold up',
      seen('running', settled),
      'done',
      'pending: running, without its message',
    ],
    [
      'not read to its end',
      seen('idle', { ...settled, caughtUp: false }),
      'done',
      'pending: idle, without its message',
    ],

    ['idle with its message', seen('idle', { ...ours, ...settled }), 'wake', 'incomplete: idle'],
    ['paused by a restart', seen('paused', ours), 'done', 'pending: paused'],
    ['paused by a restart, and stays so', seen('paused', { ...ours, ...settled }), 'wake', 'incomplete: paused'],
    ['in error, the reason not known yet', seen('error', ours), 'done', 'pending: error'],
    ['in error without a reason, after a kill', seen('error', { ...ours, ...settled }), 'wake', 'incomplete: error'],
    ['woken, not at work yet', seen('error', { ...ours, ...settled, woken: true }), 'done', 'pending: error'],

    ['in error', seen('error', { ...ours, error: rejectedKey }), { fail: rejectedKey }, `failed: ${rejectedKey}`],
    [
      'in error without a message',
      seen('error', { error: rejectedKey }),
      { fail: rejectedKey },
      `failed: ${rejectedKey}`,
      noMessage,
    ],
    ['stuck', seen('stuck', ours), { fail: 'the agent is stuck' }, 'failed: the agent is stuck'],
    ['being deleted', seen('deleting'), { fail: 'it is being deleted' }, 'failed: it is being deleted'],

    ['accepting events', seen('idle', ours), 'done', 'ready: idle', weaker],
    ['accepting events, its message lost', seen('idle'), 'done', 'pending: idle, without its message', weaker],
    ['accepting no events', seen('absent'), 'post', 'pending: absent', weaker],
  ];

  testConclusions(agentServer, goal, table);
});

let temporal: Temporal;
let server: AgentServerStandIn;

before(async () => {
  temporal = await startTimeSkipping();
});
after(() => temporal.stop());
beforeEach(async () => {
  server = await AgentServerStandIn.listen();
});
afterEach(() => server.close());

const post = 'POST /api/conversations';
const settings = {
  agentSettings: { llm: { model: 'openai/gpt-4o', api_key: 'sk-x' } },
  workspace: { working_dir: '/workspace' },
};

function agentServerInput(
  script: AgentServerScript = {},
  input: Partial<CreateNestedConversationInput> = {},
): CreateNestedConversationInput & { sid: string } {
  const sid = randomUUID();
  server.script(sid, script);
  return inputFor(server.url, { server: 'agent-server', sid, settings, ...input });
}

/** How many requests of a kind this conversation got. */
function sent(sid: string, part: 'events' | 'run' | 'pause'): number {
  return server.count(`POST /api/conversations/${sid}/${part}`);
}

/** Texts of the user messages in the stream. */
function messages(sid: string): string[] {
  return server
    .conversation(sid)
    .events.filter(({ kind, source }) => kind === 'MessageEvent' && source === 'user')
    .map((event) => (event.llm_message as ReturnType<typeof say>).content.map((part) => part.text).join(''));
}

describe('a new conversation', () => {
  test('is ready at the first look, with its message sent once', async () => {
    const input = agentServerInput();
    assert.deepEqual(await run(temporal, input), { conversationId: input.sid, status: 'finished', attempts: 1 });
    assert.equal(server.count(post), 1);
    assert.equal(sent(input.sid, 'events') + sent(input.sid, 'run'), 0);
    assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]]);
  });

  test('is created with all that the input holds, under the names of the server', async () => {
    const images = ['data:image/png;base64,AAAA'];
    const input = agentServerInput(
      {},
      {
        initialUserMsg: { content: text, imageUrls: images },
        settings: { ...settings, max_iterations: 7, tags: { team: 'red' } },
      },
    );
    await run(temporal, input);
    assert.deepEqual(server.requests.find(({ method }) => method === 'POST')?.body, {
      max_iterations: 7,
      tags: { team: 'red' },
      agent_settings: settings.agentSettings,
      workspace: settings.workspace,
      conversation_id: input.sid,
      user_id: input.userId,
      initial_message: {
        role: 'user',
        content: [
          { type: 'text', text },
          { type: 'image', image_urls: images },
        ],
        run: true,
      },
    });
  });

  test('is ready when its agent is idle, where it has no message', async () => {
    const input = agentServerInput({}, { initialUserMsg: null });
    assert.equal((await run(temporal, input)).status, 'idle');
    assert.deepEqual(server.conversation(input.sid).modelCalls, []);
  });

  test('may be written in capitals', async () => {
    const sid = randomUUID().toUpperCase();
    assert.equal((await run(temporal, agentServerInput({}, { sid }))).status, 'finished');
  });

  test('is waited for while its agent starts, and is asked to run once at the most', async () => {
    const input = agentServerInput({ idleLooks: 12, agent: 'runs' });
    assert.equal((await run(temporal, input)).status, 'running');
    assert.equal(sent(input.sid, 'run'), 1);
    assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]]);
  });

  test('is ready at once where accepting events is enough', async () => {
    const input = agentServerInput({ idleLooks: 99 }, { readiness: { readyWhen: 'accepting-events' } });
    assert.deepEqual(await run(temporal, input), { conversationId: input.sid, status: 'idle', attempts: 1 });
  });

  for (const inStaleCatalogue of [false, true]) {
    test(`is not ready before its events are there${inStaleCatalogue ? ', though the catalogue knows it' : ''}`, async () => {
      const input = agentServerInput({ absentLooks: 3, inStaleCatalogue });
      assert.equal((await run(temporal, input)).attempts, 3);
      assert.deepEqual(messages(input.sid), [text]);
    });
  }

  test('waits for its turn where the server is full', async () => {
    server.options.maxConcurrentRuns = 1;
    const busy = randomUUID();
    server.script(busy, { agent: 'runs' });
    server.createConversation(busy, say('Something else'));
    const input = agentServerInput();
    const handle = await start(temporal, input);
    await server.received(post);
    server.options.maxConcurrentRuns = 2;
    assert.equal((await handle.result()).status, 'finished');
    assert.equal(server.count(post), 2);
    assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]]);
  });
});

describe('a conversation that was there before', () => {
  test('gets its message once, though its text is that of an earlier one', async () => {
    const input = agentServerInput();
    const conversation = server.createConversation(input.sid, say(text));
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.equal(server.count(post), 0);
    assert.equal(sent(input.sid, 'events'), 1);
    assert.deepEqual(conversation.modelCalls, [[text], [text, text]]);
  });

  test('gets its message once, though the answer to it is lost', async () => {
    const input = agentServerInput();
    server.createConversation(input.sid);
    server.inject({ method: 'POST', path: /\/events$/, fault: { kind: 'lose-answer' } });
    await run(temporal, input);
    assert.deepEqual(messages(input.sid), [text]);
    assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]]);
  });

  test('gets its message once, though there is no capacity to run it', async () => {
    const busy = randomUUID();
    server.script(busy, { agent: 'runs' });
    server.createConversation(busy, say('Something else'));
    const input = agentServerInput();
    server.createConversation(input.sid);
    server.options.maxConcurrentRuns = 1;
    const handle = await start(temporal, input);
    await server.received(`POST /api/conversations/${input.sid}/events`);
    server.options.maxConcurrentRuns = 2;
    assert.equal((await handle.result()).status, 'finished');
    assert.equal(sent(input.sid, 'events'), 1);
    assert.equal(sent(input.sid, 'run'), 1);
    assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]]);
  });

  test('takes up its message while it runs', async () => {
    const input = agentServerInput({ agent: 'runs' });
    server.createConversation(input.sid, say('Something else'));
    assert.deepEqual((await run(temporal, input)).status, 'running');
    assert.deepEqual(messages(input.sid), ['Something else', text]);
  });

  test('is not failed by an error of its earlier life', async () => {
    const input = agentServerInput({ agent: 'error' });
    const conversation = server.createConversation(input.sid, say('Something else'));
    assert.equal(conversation.executionStatus, 'error');
    server.script(input.sid, {});
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.deepEqual(messages(input.sid), ['Something else', text]);
  });

  test('is ready as it is where there is no message', async () => {
    const input = agentServerInput({}, { initialUserMsg: null });
    server.createConversation(input.sid, say(text));
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.equal(server.requests.filter(({ method }) => method === 'POST').length, 0);
  });

  test('has its message found among many others', async () => {
    const input = agentServerInput();
    const conversation = server.createConversation(input.sid);
    server.inject({
      method: 'POST',
      path: /\/events$/,
      before: () => {
        for (let other = 0; other < 25; other += 1) conversation.receive(say(`Something else, ${other}`));
      },
    });
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.equal(messages(input.sid).filter((message) => message === text).length, 1);
    const pages = server.requests.filter(({ path }) => path.includes('kind=MessageEvent'));
    assert.equal(pages.length, 3, 'each look reads on from where the last one stopped');
  });

  test('is left alone while another host still holds it', async () => {
    const input = agentServerInput({ absentLooks: 4, inStaleCatalogue: true });
    server.createConversation(input.sid, say(text));
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.deepEqual(messages(input.sid), [text, text]);
  });
});

describe('a message whose create was cut short', () => {
  test('arrives once, where only the answer was lost', async () => {
    const input = agentServerInput();
    server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'lose-answer' } });
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.equal(server.count(post), 1);
    assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]]);
  });

  test('arrives once, where the conversation was stored without it', async () => {
    const input = agentServerInput({ losesMessage: true });
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.deepEqual([server.count(post), sent(input.sid, 'events')], [1, 1]);
    assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]]);
  });

  test('arrives once, where the create is slow rather than lost', async () => {
    const input = agentServerInput();
    server.createConversation(input.sid);
    const held = server.inject({
      method: 'POST',
      path: /\/events$/,
      fault: { kind: 'answer', status: 504, headers: { 'content-type': 'text/html' } },
    });
    const handle = await start(temporal, input);
    await held.reached;
    // The server goes on with what its client has given up on, at a later look.
    server.inject({
      path: /\/events\/count$/,
      after: 2,
      before: () => {
        server.conversation(input.sid).receive(say(text));
        server.conversation(input.sid).run();
      },
    });
    assert.equal((await handle.result()).status, 'finished');
    assert.deepEqual(messages(input.sid), [text]);
  });

  test('is taken up, where it was stored and not run', async () => {
    const input = agentServerInput({ idleLooks: 999 });
    server.inject({
      path: /\/events\/count$/,
      before: () => {
        server.restart({ signal: 'SIGKILL' });
        server.script(input.sid, {});
      },
    });
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.equal(sent(input.sid, 'run'), 1);
    assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]]);
  });
});

describe('a server that restarts after it has accepted the message', () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`by a ${signal}: the agent is woken for the message, which is there once`, async () => {
      const input = agentServerInput({ agent: 'runs' });
      server.inject({
        path: /\/events\/count$/,
        before: () => {
          server.restart({ signal });
          server.script(input.sid, {});
        },
      });
      assert.equal((await run(temporal, input)).status, 'finished');
      assert.deepEqual(messages(input.sid), [text]);
      assert.deepEqual([server.count(post), sent(input.sid, 'events'), sent(input.sid, 'run')], [1, 0, 1]);
      // The call that the restart cut off, and the one after it.
      assert.deepEqual(server.conversation(input.sid).modelCalls, [[text], [text]]);
    });
  }

  test('and has lost the conversation: it is created again', async () => {
    const input = agentServerInput({ idleLooks: 999 });
    server.inject({
      path: /\/events\/count$/,
      after: 1,
      before: () => {
        server.restart({ losesConversations: true });
        server.script(input.sid, {});
      },
    });
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.equal(server.count(post), 2);
    assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]]);
  });
});

describe('a conversation that fails', () => {
  for (const errorEventTrails of [0, 3]) {
    test(`does so with the server's words, ${errorEventTrails} looks after its status`, async () => {
      const input = agentServerInput({ agent: 'error', errorEventTrails });
      const failure = await failureOf(run(temporal, input));
      assert.equal(failure.type, 'ConversationFailed');
      assert.deepEqual(failure.details, [
        { reason: 'LLMAuthenticationError: Your LLM API key appears to be invalid or has expired.' },
      ]);
      assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]], 'it is not asked to run again');
    });
  }

  test('does so at once when its agent is stuck', async () => {
    const handle = await start(temporal, agentServerInput({ agent: 'stuck' }));
    const failure = await failureOf(handle.result());
    assert.equal(failure.type, 'ConversationFailed');
    assert.match(failure.message, /the agent is stuck/);
  });

  test('does so when it is being deleted', async () => {
    const failure = await failureOf(run(temporal, agentServerInput({ executionStatus: 'deleting' })));
    assert.equal(failure.type, 'ConversationFailed');
    assert.match(failure.message, /it is being deleted/);
  });

  test('is paused afterwards where the input says so', async () => {
    const input = agentServerInput({ idleLooks: 999 }, { onFailure: 'stop', readiness: { maximumAttempts: 2 } });
    assert.equal((await failureOf(run(temporal, input))).type, 'ConversationNotReady');
    assert.equal(sent(input.sid, 'pause'), 1);
    assert.equal(server.conversation(input.sid).executionStatus, 'paused');
  });
});

describe('a create that the server refuses', () => {
  const refused: [what: string, settings: CreateNestedConversationInput['settings'], reason: RegExp][] = [
    ['without a workspace', { agentSettings: settings.agentSettings }, /422 \(body\.workspace: Field required\)/],
    ['without an agent', { workspace: settings.workspace }, /422 .*`agent_settings`/],
    [
      'with a profile that it does not have',
      { workspace: settings.workspace, agent_profile_id: randomUUID() },
      /404 \(Agent profile .* not found\)/,
    ],
  ];
  for (const [what, settingsSent, reason] of refused) {
    test(`${what} fails the run at once, with the server's words`, async () => {
      const handle = await start(temporal, agentServerInput({}, { settings: settingsSent }));
      const failure = await failureOf(handle.result());
      assert.equal(failure.type, 'ConversationRejected');
      assert.match(failure.message, reason);
      assert.deepEqual(
        (await recordedActivities(handle)).map(({ type, attempts }) => [type, attempts]),
        [['createConversation', 1]],
      );
    });
  }

  test('for its session API key fails the run at once', async () => {
    server.options.sessionApiKey = 'right';
    const failure = await failureOf(run(temporal, agentServerInput({}, { client: { sessionApiKey: 'wrong' } })));
    assert.equal(failure.type, 'Unauthorized');
  });
});

describe('an input that agent-server has no place for', () => {
  const replayJson = '[{"source":"user","action":"message","args":{"content":"hi"}}]';
  const inputs: [what: string, input: Partial<CreateNestedConversationInput>, field: string][] = [
    ['a sid that is no UUID', { sid: 'conv-7' }, 'sid'],
    ['a replay', { replayJson, initialUserMsg: null }, 'replayJson'],
    ['a repository', { settings: { ...settings, repository: 'ada/engine' } }, 'settings.repository'],
    ['a branch', { settings: { ...settings, selectedBranch: 'main' } }, 'settings.selectedBranch'],
    ['a git provider', { settings: { ...settings, gitProvider: 'github' } }, 'settings.gitProvider'],
    ['MCP servers', { settings: { ...settings, mcpConfig: {} } }, 'settings.mcpConfig'],
    [
      'instructions',
      { settings: { ...settings, conversationInstructions: 'Be kind' } },
      'settings.conversationInstructions',
    ],
  ];
  for (const [what, input, field] of inputs) {
    test(`${what} is refused, and nothing is sent`, async () => {
      const failure = await failureOf(run(temporal, agentServerInput({}, input)));
      assert.equal(failure.type, 'InvalidInput');
      const [{ problems }] = failure.details as [{ problems: { field: string }[] }];
      assert.deepEqual(
        problems.map((problem) => problem.field),
        [field],
      );
      assert.equal(server.requests.length, 0);
    });
  }
});
