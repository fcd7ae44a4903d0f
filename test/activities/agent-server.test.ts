import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, test } from 'node:test';
import {
  addAbsence,
  addAsked,
  addBoot,
  addCreated,
  addDelivered,
  addNudged,
  addStatus,
  intend,
  stateAt,
} from '../../activities/nested-server/agent-server/answers.js';
import { type AgentServerStep, conclude } from '../../activities/nested-server/agent-server/conclude.js';
import { addEvents } from '../../activities/nested-server/agent-server/events.js';
import {
  type AgentServerEvent,
  type AgentServerState,
  longPatience,
  patience,
  type Status,
} from '../../activities/nested-server/agent-server/state.js';
import type { DesiredConversation } from '../../activities/nested-server/dialect.js';
import { matchDigest } from '../../activities/nested-server/message-match.js';
import type { ServerInfo } from '../../activities/nested-server/server-info.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { inputFor } from '../../dev-stack/input-for.js';
import type { AgentServerScript } from '../../dev-stack/stand-ins/agent-server-conversation.js';
import { AgentServerStandIn } from '../../dev-stack/stand-ins/agent-server-stand-in.js';
import { failureOf } from '../harness/failure-of.js';
import { temporalForFile } from '../harness/fixtures.js';
import { recordedActivities } from '../harness/history.js';
import { run, start } from '../harness/start.js';
import { startTimeSkipping } from '../harness/temporal.js';
import { type DialectRow, desiring, type Fact, testConclusions } from './dialect-table.js';

const text = 'Fix the build';
const say = (words: string) => ({ role: 'user', content: [{ type: 'text' as const, text: words }], run: true });

const messageText = 'Fix the build';

describe('a conversation of agent-server that is', () => {
  type F = Fact<AgentServerState>;

  const wanted = desiring(messageText);
  const noMessage = desiring(undefined);
  const weaker = desiring(messageText, { readyWhen: 'accepting-events' });

  const told = (value: string): Status => ({ kind: 'told', value });
  const absent: Status = { kind: 'absent' };
  const late: Status = { kind: 'late' };
  const boot = { earliest: 1000, latest: 2000 };
  const ofToday = { version: '1.58.2', boot };

  let number = 0;
  const event = (fields: Omit<AgentServerEvent, 'id'>): AgentServerEvent => ({ id: `e${number++}`, ...fields });
  const userMessage = (words: string) =>
    event({
      kind: 'MessageEvent',
      source: 'user',
      llm_message: { role: 'user', content: [{ type: 'text', text: words }] },
    });
  const ours = userMessage(messageText);
  const foreign = userMessage('Something else');
  const masked = userMessage('Log in with <secret_hidden>');
  const answer = event({ kind: 'MessageEvent', source: 'agent', llm_message: { content: [{ text: 'Done.' }] } });
  const update = (value: string) => event({ kind: 'ConversationStateUpdateEvent', key: 'execution_status', value });
  const error = event({ kind: 'ConversationErrorEvent', code: 'LLMAuthenticationError', detail: 'Invalid key.' });

  const baseline =
    (status: Status, info: Pick<ServerInfo, 'version' | 'boot'> | null = ofToday): F =>
    (_, desired) =>
      stateAt(desired, status.kind === 'absent' ? undefined : 'e-before', status, info ?? undefined);
  const events =
    (...added: AgentServerEvent[]): F =>
    (state, desired) =>
      addEvents(state, added, desired);
  const status =
    (value: string | Status): F =>
    (state) =>
      addStatus(state, typeof value === 'string' ? told(value) : value);
  const gone: F = (state) => addAbsence(state);
  const settled: F = (state) => ({ ...state, still: patience });
  const notReadToTheEnd: F = (state) => ({ ...state, caughtUp: false });
  const sends =
    (step: AgentServerStep): F =>
    (state) => ({ ...intend(step, state), still: 0 });
  const creates =
    (isNew: boolean): F =>
    (state) =>
      addCreated(intend('create', state), isNew);
  const delivers: F = (state) => addDelivered(intend('deliver', state));
  const runs: F = (state) => addAsked(state);
  const nudges: F = (state) => addNudged(state);
  const refusesToRun: F = (state) => addAsked(state, '409 Already running');
  const sameBoot: F = (state) => addBoot(state, { earliest: 1500, latest: 2500 });
  const laterBoot: F = (state) => addBoot(state, { earliest: 9000, latest: 9900 });
  const restarted: F = (state, desired) => laterBoot(laterBoot(state, desired), desired);

  const fresh = [baseline(absent), creates(true)];
  const atWork = [...fresh, events(ours, update('running')), status('running')];
  const joinedBusy = [baseline(told('running')), delivers];

  const table: DialectRow<AgentServerState>[] = [
    ['never created', [baseline(absent)], 'send create'],
    ['created, not there yet', [...fresh, gone], 'wait: absent'],
    ['lost by the server', [...fresh, gone, settled], 'send create'],
    [
      'lost by the server, and created again',
      [...atWork, gone, settled, creates(true), events(ours, update('running')), status('running')],
      'ready: running',
    ],
    [
      'taken for lost, and found by the create',
      [...atWork, gone, settled, creates(false), status('running')],
      'ready: running',
    ],
    ['absent for a while, at work as before', [...atWork, gone, settled, status('running')], 'ready: running'],
    ['created, the answer lost, and not there', [baseline(absent), sends('create'), gone], 'send create'],
    [
      'created, its agent not at work yet',
      [...fresh, events(ours), status('idle')],
      'wait: idle, its message not taken up yet',
    ],
    ['at work', atWork, 'ready: running'],
    ['at work, as its status tells first', [...fresh, events(ours), status('running')], 'ready: running'],
    [
      'answered',
      [...fresh, events(ours, update('running'), answer, update('finished')), status('finished')],
      'ready: finished',
    ],
    ['waiting for a confirmation', [...atWork, status('waiting_for_confirmation')], 'ready: waiting_for_confirmation'],
    ['of an unknown status', [...atWork, status('pondering')], 'wait: pondering'],
    ['created without a message', [...fresh, status('idle')], 'ready: idle', noMessage],
    ['at work, and late with its status', [...fresh, events(ours, update('running')), status(late)], 'ready: running'],
    [
      'at work, late with its status, and perhaps restarted',
      [...fresh, events(ours, update('running')), status(late), laterBoot],
      'wait: status late (agent running)',
    ],
    [
      'late with its status, and not at work',
      [...fresh, events(ours), status(late), settled],
      'wait: status late (agent idle), its message not taken up yet',
    ],

    ['there before, and idle', [baseline(told('idle'))], 'send deliver'],
    ['there before, and finished', [baseline(told('finished'))], 'send deliver'],
    ['there before, and in error', [baseline(told('error'))], 'send deliver'],
    ['there before, and stuck', [baseline(told('stuck'))], 'send deliver'],
    [
      'there before, and at work, which may end soon',
      [baseline(told('running'))],
      'wait: running, without its message',
    ],
    ['there before, and at work', [baseline(told('running')), settled], 'send deliver'],
    [
      'there before, and at work, on a server that may pass over our message',
      [baseline(told('running'), { version: '1.40.0', boot }), settled],
      'wait: running, without its message',
    ],
    [
      'there before, and at work for long, on a server that may pass over our message',
      [baseline(told('running'), { version: '1.40.0', boot }), (state) => ({ ...state, still: longPatience })],
      'send deliver',
    ],
    ['there before, its status late', [baseline(late)], 'wait: status late (agent unknown), without its message'],
    [
      'there before, its status late once',
      [baseline(late), status('paused'), delivers, events(ours, update('running')), status('running')],
      'ready: running',
    ],
    ['there before, paused, and no message is meant', [baseline(told('paused'))], 'ready: paused', noMessage],
    ['there before, in error, and no message is meant', [baseline(told('error'))], 'ready: error', noMessage],
    ['there before, as a create found', [baseline(absent), creates(false), status('idle')], 'send deliver'],
    [
      "there before, with somebody else's message that hides a secret",
      [baseline(told('idle')), events(masked)],
      'send deliver',
    ],

    [
      'without its message, which may still come',
      [baseline(absent), sends('create'), status('idle')],
      'wait: idle, its message not in its events yet',
    ],
    ['without its message', [baseline(absent), sends('create'), status('idle'), settled], 'send deliver'],
    [
      'without its message, which a running tool may hold up',
      [baseline(told('idle')), sends('deliver'), status('running'), settled],
      'wait: running, its message not in its events yet',
    ],
    [
      'without the message that it has accepted',
      [baseline(told('idle')), delivers, status('idle'), settled],
      'wait: idle, its message accepted, but not in its events',
    ],
    [
      'without the message with images that it has accepted',
      [baseline(told('idle')), delivers, status('idle'), settled],
      'wait: idle, its message accepted, but not in its events: the server may have dropped it for its images',
      desiring(messageText, { hasImages: true }),
    ],
    [
      'not read to its end',
      [baseline(absent), sends('create'), notReadToTheEnd, status('idle'), settled],
      'wait: idle, reading its events',
    ],
    [
      'created again after a create without an answer, its message on the disk',
      [baseline(absent), sends('create'), gone, creates(true), events(ours), status('idle'), settled],
      'send run',
    ],
    [
      'created again after a create without an answer, its message not on the disk',
      [baseline(absent), sends('create'), gone, creates(true), status('idle'), settled],
      'send deliver',
    ],
    [
      'sent its message twice, the first time without an answer',
      [baseline(absent), sends('create'), creates(false), events(ours), status('running')],
      'ready: running',
    ],

    [
      'with a message that hides a secret, for whoever has only the digest of ours',
      [baseline(told('idle')), delivers, events(masked), status('idle')],
      'compare: idle, reading its events, with a message that may be its own',
      { ...wanted, isOurMessage: matchDigest(wanted.messageDigest) },
    ],
    [
      'with a message that hides a secret, for whoever has the text of ours',
      [baseline(told('idle')), delivers, events(masked), status('idle')],
      'wait: idle, its message accepted, but not in its events',
    ],

    ['idle with its message', [...fresh, events(ours), status('idle'), settled], 'send run'],
    [
      'paused by a restart',
      [...fresh, events(ours), status('paused'), sameBoot, laterBoot],
      'wait: paused, its message not taken up yet',
    ],
    ['paused by a restart that is proved', [...fresh, events(ours), status('paused'), restarted], 'send run'],
    ['paused, at work before a restart', [...atWork, status('paused'), restarted], 'send run'],
    ['paused by a person', [...atWork, status('paused'), sameBoot, settled], 'wait: paused'],
    [
      'paused, on a port that several processes share',
      [...atWork, status('paused'), laterBoot, sameBoot, laterBoot],
      'wait: paused',
    ],
    [
      'asked to run, not at work yet',
      [...fresh, events(ours), status('idle'), runs, settled],
      'wait: idle, its message not taken up yet',
    ],
    [
      'asked to run, and restarted before it did',
      [...fresh, events(ours), status('idle'), runs, status('paused'), restarted],
      'send run',
    ],
    [
      'refused to run',
      [...fresh, events(ours), status('idle'), refusesToRun],
      'wait: idle, its message not taken up yet, POST …/run refused with 409 Already running',
    ],
    ['refused to run, and still at rest', [...fresh, events(ours), status('idle'), refusesToRun, settled], 'send run'],
    ['in error without a reason, after a kill', [...atWork, status('error'), restarted], 'send run'],
    ['in error, the reason not known yet', [...atWork, status('error'), sameBoot], 'wait: error'],
    [
      'in error, and no reason comes',
      [...atWork, status('error'), sameBoot, settled],
      'fail: the agent is in state error',
    ],
    [
      'in error, on a server that does not tell of restarts',
      [baseline(absent, null), creates(true), events(ours, update('running')), status('error'), settled],
      'send run',
    ],

    [
      'in error',
      [...atWork, events(update('error'), error), status('error')],
      'fail: LLMAuthenticationError: Invalid key.',
    ],
    [
      'in error only for the title that it was to have',
      [...fresh, events(ours, error, update('running')), status('running')],
      'ready: running',
    ],
    [
      'in error, asked to run, and at work again',
      [...atWork, events(update('error'), error, update('running')), status('error'), sameBoot],
      'wait: error',
    ],
    [
      'in error before, and no message is meant',
      [baseline(told('idle')), events(error), status('idle')],
      'ready: idle',
      noMessage,
    ],
    ['stuck', [...atWork, status('stuck')], 'fail: the agent is stuck'],
    ['being deleted', [...fresh, status('deleting')], 'fail: it is being deleted'],

    [
      'at work on an earlier message',
      [...joinedBusy, events(ours), status('running')],
      'wait: running on an earlier message, its own not taken up yet',
    ],
    [
      'done with an earlier message, and may go on with ours',
      [...joinedBusy, events(ours, answer, update('finished')), status('finished')],
      'wait: finished, its message not taken up yet',
    ],
    [
      'done with an earlier message, and passes over ours',
      [...joinedBusy, events(ours, answer, update('finished')), status('finished'), settled],
      'send run',
    ],
    [
      'done with an earlier message, and goes on with ours',
      [...joinedBusy, events(ours, answer, update('finished'), update('running')), status('running')],
      'ready: running',
    ],
    [
      'done with an earlier message, and does not run on request',
      [...joinedBusy, events(ours, update('finished')), status('finished'), runs, settled],
      'send nudge',
    ],
    [
      'done with an earlier message, and nudged',
      [...joinedBusy, events(ours, update('finished')), status('finished'), runs, nudges, settled],
      'wait: finished, its message not taken up yet',
    ],
    [
      'done with an earlier message, nudged, and goes on with ours',
      [
        ...joinedBusy,
        events(ours, update('finished')),
        status('finished'),
        runs,
        nudges,
        events(update('idle'), update('running'), update('finished')),
        status('finished'),
      ],
      'ready: finished',
    ],
    [
      'done with an earlier message, and asked to go on with ours',
      [
        ...joinedBusy,
        events(ours, update('finished')),
        status('finished'),
        runs,
        events(update('running'), update('finished')),
        status('finished'),
      ],
      'ready: finished',
    ],
    [
      'in error for an earlier message',
      [...joinedBusy, events(ours, update('error'), error), status('error')],
      'wait: error, its message not taken up yet',
    ],
    [
      'in error for an earlier message, and stays so',
      [...joinedBusy, events(ours, update('error'), error), status('error'), settled],
      'send run',
    ],
    [
      'waiting for a confirmation of an earlier message',
      [...joinedBusy, events(ours, update('waiting_for_confirmation')), status('waiting_for_confirmation'), settled],
      'wait: waiting_for_confirmation on an earlier message, its own not taken up yet',
    ],
    [
      'waiting for a confirmation of an earlier step',
      [baseline(told('waiting_for_confirmation'))],
      'wait: waiting_for_confirmation, without its message',
    ],
    [
      'waiting for a confirmation of an earlier step, its message there',
      [baseline(told('waiting_for_confirmation')), delivers, events(ours), status('waiting_for_confirmation'), settled],
      'wait: waiting_for_confirmation on an earlier message, its own not taken up yet',
    ],
    [
      "at work on somebody else's message that came after this start",
      [baseline(told('idle')), events(foreign, update('running')), delivers, events(ours), status('running')],
      'wait: running on an earlier message, its own not taken up yet',
    ],

    ['accepting events', [...fresh, events(ours), status('idle')], 'ready: idle', weaker],
    [
      'accepting events, its message lost',
      [baseline(absent), sends('create'), status('idle')],
      'wait: idle, its message not in its events yet',
      weaker,
    ],
    ['accepting no events', [...fresh, gone], 'wait: absent', weaker],
  ];

  const begin = (desired: DesiredConversation) => stateAt(desired, undefined, absent, undefined);
  testConclusions({ begin, conclude }, wanted, table);
});

let server: AgentServerStandIn;

const temporal = await temporalForFile(startTimeSkipping());
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

/** The number of requests of a kind for this conversation. */
function sent(sid: string, part: 'events' | 'run' | 'pause'): number {
  return server.count(`POST /api/conversations/${sid}/${part}`);
}

/** The texts of the user messages in the stream. */
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

  for (const status of [404, 425, 429]) {
    test(`is created with its message, after a ${status} that had nothing stored`, async () => {
      const fault = { kind: 'answer', status, body: '{"detail":"Not Found"}' } as const;
      server.inject({ method: 'POST', path: /conversations$/, fault });
      const input = agentServerInput();
      assert.equal((await run(temporal, input)).attempts, 1);
      assert.equal(server.count(post), 2);
      assert.equal(sent(input.sid, 'events'), 0);
      assert.deepEqual(messages(input.sid), [text]);
    });
  }
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

  for (const [when, runningLooks] of [
    ['between its turns', 4],
    ['within its turn', 12],
  ] as const) {
    test(`takes up its message after an earlier one, given to it ${when}`, async () => {
      const input = agentServerInput({ runningLooks });
      server.createConversation(input.sid, say('Something else'));
      assert.equal((await run(temporal, input)).status, 'finished');
      assert.deepEqual(messages(input.sid), ['Something else', text]);
      assert.deepEqual(server.conversation(input.sid).modelCalls.at(-1), ['Something else', text]);
    });
  }

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
        for (let other = 0; other < 100; other += 1) conversation.receive(say(`Something else, ${other}`));
      },
    });
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.equal(messages(input.sid).filter((message) => message === text).length, 1);
    const pages = server.requests.filter(({ path }) => path.includes('page_id=')).map(({ path }) => path);
    // More than 200 events: four full pages, and the newest ones.
    assert.equal(new Set(pages.slice(0, 5)).size, 5, 'each page begins where the last one stopped');
  });

  test('is left alone while another host still holds it', async () => {
    const input = agentServerInput({ absentLooks: 4, inStaleCatalogue: true });
    server.createConversation(input.sid, say(text));
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.deepEqual(messages(input.sid), [text, text]);
  });
});

/** The first request of each observation. */
const anObservation = /\/events\/search\?(?!.*DESC)/;

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
    // The server completes a request after its client has given up, at a later look.
    server.inject({
      path: anObservation,
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
      path: anObservation,
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
        path: anObservation,
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
      path: anObservation,
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
    [
      'a repository in a container of the conversation',
      { settings: { ...settings, repository: 'ada/engine', conversation_runtime: 'docker' } },
      'settings.conversation_runtime',
    ],
    [
      'an MCP server with the name of another',
      {
        settings: {
          agentSettings: { ...settings.agentSettings, mcp_config: { fs: { command: 'fs' } } },
          mcpConfig: { stdio_servers: [{ name: 'fs', command: 'other' }] },
        },
      },
      'settings.mcpConfig.stdio_servers.0.name',
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
