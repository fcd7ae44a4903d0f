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
import { forFile } from '../harness/fixtures.js';
import { recordedActivities } from '../harness/history.js';
import { run, start } from '../harness/start.js';
import { startTimeSkipping } from '../harness/temporal.js';
import { type DialectRow, desiredConversation, type Fact, testConclusions } from './dialect-table.js';

const temporal = await forFile(startTimeSkipping());

const text = 'Fix the build';
const say = (words: string) => ({ role: 'user', content: [{ type: 'text' as const, text: words }], run: true });

const messageText = 'Fix the build';

describe('a conversation on an agent server', () => {
  type F = Fact<AgentServerState>;

  const wanted = desiredConversation(messageText);
  const noMessage = desiredConversation(undefined);
  const weaker = desiredConversation(messageText, { readyWhen: 'accepting-events' });

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
  const secondError = event({ kind: 'ConversationErrorEvent', code: 'TimeoutError', detail: 'Startup timed out.' });

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
  const veryStill: F = (state) => ({ ...state, still: longPatience });
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
  const cannotStart = [...fresh, events(ours, update('error'), error), status('error')];
  const joinedBusy = [baseline(told('running')), delivers];

  const table: DialectRow<AgentServerState>[] = [
    ['never created', [baseline(absent)], 'send create'],
    ['created but not visible yet', [...fresh, gone], 'wait: absent'],
    ['lost by the server', [...fresh, gone, settled], 'send create'],
    [
      'lost by the server and created again',
      [...atWork, gone, settled, creates(true), events(ours, update('running')), status('running')],
      'ready: running',
    ],
    [
      'believed lost but found by the second create',
      [...atWork, gone, settled, creates(false), status('running')],
      'ready: running',
    ],
    ['absent for a while, then running as before', [...atWork, gone, settled, status('running')], 'ready: running'],
    ['not there after a create whose answer was lost', [baseline(absent), sends('create'), gone], 'send create'],
    [
      'created, agent not running yet',
      [...fresh, events(ours), status('idle')],
      'wait: idle, its message not taken up yet',
    ],
    ['running', atWork, 'ready: running'],
    [
      'running according to its status, before an event shows it',
      [...fresh, events(ours), status('running')],
      'ready: running',
    ],
    [
      'answered',
      [...fresh, events(ours, update('running'), answer, update('finished')), status('finished')],
      'ready: finished',
    ],
    ['waiting for a confirmation', [...atWork, status('waiting_for_confirmation')], 'ready: waiting_for_confirmation'],
    ['in an unknown status', [...atWork, status('pondering')], 'wait: pondering'],
    ['created without a message', [...fresh, status('idle')], 'ready: idle', noMessage],
    ['running, status late', [...fresh, events(ours, update('running')), status(late)], 'ready: running'],
    [
      'running, status late, server possibly restarted',
      [...fresh, events(ours, update('running')), status(late), laterBoot],
      'wait: status late (agent running)',
    ],
    [
      'idle, status late',
      [...fresh, events(ours), status(late), settled],
      'wait: status late (agent idle), its message not taken up yet',
    ],

    ['there before, idle', [baseline(told('idle'))], 'send deliver'],
    ['there before, finished', [baseline(told('finished'))], 'send deliver'],
    ['there before, in error', [baseline(told('error'))], 'send deliver'],
    ['there before, stuck', [baseline(told('stuck'))], 'send deliver'],
    [
      'there before, running, but the turn may end soon',
      [baseline(told('running'))],
      'wait: running, without its message',
    ],
    ['there before, running', [baseline(told('running')), settled], 'send deliver'],
    [
      'there before, running, on a server that may skip our message',
      [baseline(told('running'), { version: '1.40.0', boot }), settled],
      'wait: running, without its message',
    ],
    [
      'there before, running for a long time, on a server that may skip our message',
      [baseline(told('running'), { version: '1.40.0', boot }), veryStill],
      'send deliver',
    ],
    ['there before, status late', [baseline(late)], 'wait: status late (agent unknown), without its message'],
    [
      'there before, status late once',
      [baseline(late), status('paused'), delivers, events(ours, update('running')), status('running')],
      'ready: running',
    ],
    ['there before, paused, no message to deliver', [baseline(told('paused'))], 'ready: paused', noMessage],
    ['there before, in error, no message to deliver', [baseline(told('error'))], 'ready: error', noMessage],
    ['there before, discovered by the create', [baseline(absent), creates(false), status('idle')], 'send deliver'],
    [
      "there before, with someone else's message that contains a hidden secret",
      [baseline(told('idle')), events(masked)],
      'send deliver',
    ],

    [
      'message missing, but it may still arrive',
      [baseline(absent), sends('create'), status('idle')],
      'wait: idle, its message not in its events yet',
    ],
    ['message missing', [baseline(absent), sends('create'), status('idle'), settled], 'send deliver'],
    [
      'message missing, possibly held up by a running tool',
      [baseline(told('idle')), sends('deliver'), status('running'), settled],
      'wait: running, its message not in its events yet',
    ],
    [
      'message accepted but missing',
      [baseline(told('idle')), delivers, status('idle'), settled],
      'wait: idle, its message accepted, but not in its events',
    ],
    [
      'message with images accepted but missing',
      [baseline(told('idle')), delivers, status('idle'), settled],
      'wait: idle, its message accepted, but not in its events: the server may have dropped it for its images',
      desiredConversation(messageText, { hasImages: true }),
    ],
    [
      'events not read to the end',
      [baseline(absent), sends('create'), notReadToTheEnd, status('idle'), settled],
      'wait: idle, reading its events',
    ],
    [
      'created again after an unanswered create, message on disk',
      [baseline(absent), sends('create'), gone, creates(true), events(ours), status('idle'), settled],
      'send run',
    ],
    [
      'created again after an unanswered create, message not on disk',
      [baseline(absent), sends('create'), gone, creates(true), status('idle'), settled],
      'send deliver',
    ],
    [
      'created twice, the first time without an answer',
      [baseline(absent), sends('create'), creates(false), events(ours), status('running')],
      'ready: running',
    ],

    [
      'a message with a hidden secret, when only the digest of ours is known',
      [baseline(told('idle')), delivers, events(masked), status('idle')],
      'compare: idle, reading its events, with a message that may be its own',
      { ...wanted, isOurMessage: matchDigest(wanted.messageDigest) },
    ],
    [
      'a message with a hidden secret, when the text of ours is known',
      [baseline(told('idle')), delivers, events(masked), status('idle')],
      'wait: idle, its message accepted, but not in its events',
    ],

    ['idle with its message', [...fresh, events(ours), status('idle'), settled], 'send run'],
    [
      'probably paused by a restart',
      [...fresh, events(ours), status('paused'), sameBoot, laterBoot],
      'wait: paused, its message not taken up yet',
    ],
    ['paused by a confirmed restart', [...fresh, events(ours), status('paused'), restarted], 'send run'],
    ['running, then paused by a confirmed restart', [...atWork, status('paused'), restarted], 'send run'],
    ['paused by a person', [...atWork, status('paused'), sameBoot, settled], 'wait: paused'],
    [
      'paused, with several processes on one port',
      [...atWork, status('paused'), laterBoot, sameBoot, laterBoot],
      'wait: paused',
    ],
    [
      'asked to run, not running yet',
      [...fresh, events(ours), status('idle'), runs, settled],
      'wait: idle, its message not taken up yet',
    ],
    [
      'asked to run, restarted before it did',
      [...fresh, events(ours), status('idle'), runs, status('paused'), restarted],
      'send run',
    ],
    [
      'refused to run',
      [...fresh, events(ours), status('idle'), refusesToRun],
      'wait: idle, its message not taken up yet, POST …/run refused with 409 Already running',
    ],
    [
      'refused to run and still idle',
      [...fresh, events(ours), status('idle'), refusesToRun, settled],
      'wait: idle, its message not taken up yet, POST …/run refused with 409 Already running',
    ],
    ['refused to run and idle for long', [...fresh, events(ours), status('idle'), refusesToRun, veryStill], 'send run'],
    [
      'refused to run twice and idle for long',
      [...fresh, events(ours), status('idle'), refusesToRun, veryStill, refusesToRun, veryStill],
      'wait: idle, its message not taken up yet, POST …/run refused with 409 Already running',
    ],
    [
      'refused to run, and then failed',
      [
        ...fresh,
        events(ours),
        status('idle'),
        refusesToRun,
        events(update('error'), secondError),
        status('error'),
        settled,
      ],
      'fail: TimeoutError: Startup timed out.',
    ],
    ['failed before it took up the message', [...cannotStart, settled], 'send run'],
    [
      'failed before it took up the message, and asked to run',
      [...cannotStart, runs, settled],
      'wait: error, its message not taken up yet',
    ],
    [
      'failed again before it took up the message',
      [...cannotStart, runs, events(secondError), status('error')],
      'wait: error, its message not taken up yet: TimeoutError: Startup timed out.',
    ],
    [
      'failed again some time ago',
      [...cannotStart, runs, events(secondError), status('error'), settled],
      'fail: TimeoutError: Startup timed out.',
    ],
    [
      'failed again before the server restarted',
      [...cannotStart, runs, events(secondError), status('error'), restarted, settled],
      'send run',
    ],
    [
      'failed once and then took up the message',
      [...cannotStart, runs, events(secondError, update('running')), status('running')],
      'ready: running',
    ],
    ['in error without a reason, after a kill', [...atWork, status('error'), restarted], 'send run'],
    ['in error, reason not known yet', [...atWork, status('error'), sameBoot], 'wait: error'],
    ['in error, no reason given', [...atWork, status('error'), sameBoot, settled], 'fail: the agent is in state error'],
    [
      'in error, on a server that does not report restarts',
      [baseline(absent, null), creates(true), events(ours, update('running')), status('error'), settled],
      'send run',
    ],

    [
      'in error',
      [...atWork, events(update('error'), error), status('error')],
      'fail: LLMAuthenticationError: Invalid key.',
    ],
    [
      'error from title generation only',
      [...fresh, events(ours, error, update('running')), status('running')],
      'ready: running',
    ],
    [
      'in error, then running again, last status still error',
      [...atWork, events(update('error'), error, update('running')), status('error'), sameBoot],
      'wait: error',
    ],
    [
      'in error earlier, no message to deliver',
      [baseline(told('idle')), events(error), status('idle')],
      'ready: idle',
      noMessage,
    ],
    ['stuck', [...atWork, status('stuck')], 'fail: the agent is stuck'],
    ['being deleted', [...fresh, status('deleting')], 'fail: it is being deleted'],

    [
      'running on an earlier message',
      [...joinedBusy, events(ours), status('running')],
      'wait: running on an earlier message, its own not taken up yet',
    ],
    [
      'finished an earlier message, may continue with ours',
      [...joinedBusy, events(ours, answer, update('finished')), status('finished')],
      'wait: finished, its message not taken up yet',
    ],
    [
      'finished an earlier message and skipped ours',
      [...joinedBusy, events(ours, answer, update('finished')), status('finished'), settled],
      'send run',
    ],
    [
      'finished an earlier message, continues with ours',
      [...joinedBusy, events(ours, answer, update('finished'), update('running')), status('running')],
      'ready: running',
    ],
    [
      'finished an earlier message, does not run when asked',
      [...joinedBusy, events(ours, update('finished')), status('finished'), runs, settled],
      'send nudge',
    ],
    [
      'finished an earlier message, nudged',
      [...joinedBusy, events(ours, update('finished')), status('finished'), runs, nudges, settled],
      'wait: finished, its message not taken up yet',
    ],
    [
      'finished an earlier message, nudged, and then failed',
      [
        ...joinedBusy,
        events(ours, update('finished')),
        status('finished'),
        runs,
        nudges,
        events(update('error'), secondError),
        status('error'),
        settled,
      ],
      'fail: TimeoutError: Startup timed out.',
    ],
    [
      'finished an earlier message, nudged, continues with ours',
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
      'finished an earlier message, asked to run, continues with ours',
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
      'in error because of an earlier message',
      [...joinedBusy, events(ours, update('error'), error), status('error')],
      'wait: error, its message not taken up yet',
    ],
    [
      'in error because of an earlier message, no change',
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
      'waiting for a confirmation of an earlier step, our message stored',
      [baseline(told('waiting_for_confirmation')), delivers, events(ours), status('waiting_for_confirmation'), settled],
      'wait: waiting_for_confirmation on an earlier message, its own not taken up yet',
    ],
    [
      "running on someone else's message that arrived after this start",
      [baseline(told('idle')), events(foreign, update('running')), delivers, events(ours), status('running')],
      'wait: running on an earlier message, its own not taken up yet',
    ],

    ['accepting events', [...fresh, events(ours), status('idle')], 'ready: idle', weaker],
    [
      'accepting events, message lost',
      [baseline(absent), sends('create'), status('idle')],
      'wait: idle, its message not in its events yet',
      weaker,
    ],
    ['not accepting events', [...fresh, gone], 'wait: absent', weaker],
  ];

  const begin = (desired: DesiredConversation) => stateAt(desired, undefined, absent, undefined);
  testConclusions({ begin, conclude }, wanted, table);
});

let server: AgentServerStandIn;

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
  test('is ready at the first check, with its message sent once', async () => {
    const input = agentServerInput();
    assert.deepEqual(await run(temporal, input), { conversationId: input.sid, status: 'finished', attempts: 1 });
    assert.equal(server.count(post), 1);
    assert.equal(sent(input.sid, 'events') + sent(input.sid, 'run'), 0);
    assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]]);
  });

  test("is created with every field of the input, under the server's names", async () => {
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

  test('is ready when its agent is idle, if there is no message', async () => {
    const input = agentServerInput({}, { initialUserMsg: null });
    assert.equal((await run(temporal, input)).status, 'idle');
    assert.deepEqual(server.conversation(input.sid).modelCalls, []);
  });

  test('may have an id in capital letters', async () => {
    const sid = randomUUID().toUpperCase();
    assert.equal((await run(temporal, agentServerInput({}, { sid }))).status, 'finished');
  });

  test('is waited for while its agent starts and is asked to run at most once', async () => {
    const input = agentServerInput({ idleLooks: 12, agent: 'runs' });
    assert.equal((await run(temporal, input)).status, 'running');
    assert.equal(sent(input.sid, 'run'), 1);
    assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]]);
  });

  test('is waited for while its agent starts, although a request to run is refused meanwhile', async () => {
    const input = agentServerInput(
      { idleLooks: 70, refusesRun: true, agent: 'runs' },
      { readiness: { maximumAttempts: 100 } },
    );
    assert.equal((await run(temporal, input)).status, 'running');
    assert.equal(sent(input.sid, 'run'), 2);
    assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]]);
  });

  test('is ready at once if accepting events is enough', async () => {
    const input = agentServerInput({ idleLooks: 99 }, { readiness: { readyWhen: 'accepting-events' } });
    assert.deepEqual(await run(temporal, input), { conversationId: input.sid, status: 'idle', attempts: 1 });
  });

  for (const inStaleCatalogue of [false, true]) {
    test(`is not ready before its events are available${inStaleCatalogue ? ', even if the catalogue lists it' : ''}`, async () => {
      const input = agentServerInput({ absentLooks: 3, inStaleCatalogue });
      assert.equal((await run(temporal, input)).attempts, 3);
      assert.deepEqual(messages(input.sid), [text]);
    });
  }

  test('waits for its turn if the server is at capacity', async () => {
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
    test(`is created with its message after a ${status} that stored nothing`, async () => {
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
  test('gets its message once, even if an earlier one has the same text', async () => {
    const input = agentServerInput();
    const conversation = server.createConversation(input.sid, say(text));
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.equal(server.count(post), 0);
    assert.equal(sent(input.sid, 'events'), 1);
    assert.deepEqual(conversation.modelCalls, [[text], [text, text]]);
  });

  test('gets its message once, even if the answer is lost', async () => {
    const input = agentServerInput();
    server.createConversation(input.sid);
    server.inject({ method: 'POST', path: /\/events$/, fault: { kind: 'lose-answer' } });
    await run(temporal, input);
    assert.deepEqual(messages(input.sid), [text]);
    assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]]);
  });

  test('gets its message once, even if there is no capacity to run it', async () => {
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
    ['during its turn', 12],
  ] as const) {
    test(`takes up a message delivered ${when}`, async () => {
      const input = agentServerInput({ runningLooks });
      server.createConversation(input.sid, say('Something else'));
      assert.equal((await run(temporal, input)).status, 'finished');
      assert.deepEqual(messages(input.sid), ['Something else', text]);
      assert.deepEqual(server.conversation(input.sid).modelCalls.at(-1), ['Something else', text]);
    });
  }

  test('does not fail because of an earlier error', async () => {
    const input = agentServerInput({ agent: 'error' });
    const conversation = server.createConversation(input.sid, say('Something else'));
    assert.equal(conversation.executionStatus, 'error');
    server.script(input.sid, {});
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.deepEqual(messages(input.sid), ['Something else', text]);
  });

  test('is ready without a request if there is no message', async () => {
    const input = agentServerInput({}, { initialUserMsg: null });
    server.createConversation(input.sid, say(text));
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.equal(server.requests.filter(({ method }) => method === 'POST').length, 0);
  });

  test('has its message recognized among many others', async () => {
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
    assert.equal(new Set(pages.slice(0, 5)).size, 5, 'each page should begin where the last one stopped');
  });

  test('receives nothing while another host still owns it', async () => {
    const input = agentServerInput({ absentLooks: 4, inStaleCatalogue: true });
    server.createConversation(input.sid, say(text));
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.deepEqual(messages(input.sid), [text, text]);
  });
});

/** The first request of each observation. */
const anObservation = /\/events\/search\?(?!.*DESC)/;

describe('a message whose create was cut short', () => {
  test('arrives once if only the answer was lost', async () => {
    const input = agentServerInput();
    server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'lose-answer' } });
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.equal(server.count(post), 1);
    assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]]);
  });

  test('arrives once if the conversation was stored without it', async () => {
    const input = agentServerInput({ losesMessage: true });
    assert.equal((await run(temporal, input)).status, 'finished');
    assert.deepEqual([server.count(post), sent(input.sid, 'events')], [1, 1]);
    assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]]);
  });

  test('arrives once if the delivery is slow rather than lost', async () => {
    const input = agentServerInput();
    server.createConversation(input.sid);
    const held = server.inject({
      method: 'POST',
      path: /\/events$/,
      fault: { kind: 'answer', status: 504, headers: { 'content-type': 'text/html' } },
    });
    const handle = await start(temporal, input);
    await held.reached;
    // The server completes the request after its client has given up, at a later check.
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

  test('is taken up if it was stored but not run', async () => {
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

describe('after the server restarts with an accepted message', () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`by ${signal}, the agent is woken and the message is stored once`, async () => {
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

  test('and has lost the conversation, it is created again', async () => {
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
    test(`reports the server's reason, which arrives ${errorEventTrails} checks after the status`, async () => {
      const input = agentServerInput({ agent: 'error', errorEventTrails });
      const failure = await failureOf(run(temporal, input));
      assert.equal(failure.type, 'ConversationFailed');
      assert.deepEqual(failure.details, [
        { reason: 'LLMAuthenticationError: Your LLM API key appears to be invalid or has expired.' },
      ]);
      assert.deepEqual(server.conversation(input.sid).modelCalls, [[text]], 'it must not be asked to run again');
    });
  }

  test('fails at once if its agent is stuck', async () => {
    const handle = await start(temporal, agentServerInput({ agent: 'stuck' }));
    const failure = await failureOf(handle.result());
    assert.equal(failure.type, 'ConversationFailed');
    assert.match(failure.message, /the agent is stuck/);
  });

  test('fails if it is being deleted', async () => {
    const failure = await failureOf(run(temporal, agentServerInput({ executionStatus: 'deleting' })));
    assert.equal(failure.type, 'ConversationFailed');
    assert.match(failure.message, /it is being deleted/);
  });

  test('is paused afterwards if the input says so', async () => {
    const input = agentServerInput({ idleLooks: 999 }, { onFailure: 'stop', readiness: { maximumAttempts: 2 } });
    assert.equal((await failureOf(run(temporal, input))).type, 'ConversationNotReady');
    assert.equal(sent(input.sid, 'pause'), 1);
    assert.equal(server.conversation(input.sid).executionStatus, 'paused');
  });
});

describe('a create that the server rejects', () => {
  const refused: [what: string, settings: CreateNestedConversationInput['settings'], reason: RegExp][] = [
    ['without an agent', { workspace: settings.workspace }, /422 .*`agent_settings`/],
    [
      'with a profile that it does not have',
      { workspace: settings.workspace, agent_profile_id: randomUUID() },
      /404 \(Agent profile .* not found\)/,
    ],
  ];
  for (const [what, settingsSent, reason] of refused) {
    test(`${what} fails the run at once with the server's reason`, async () => {
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

  test('because of its session API key fails the run at once', async () => {
    server.options.sessionApiKey = 'right';
    const failure = await failureOf(run(temporal, agentServerInput({}, { client: { sessionApiKey: 'wrong' } })));
    assert.equal(failure.type, 'Unauthorized');
  });
});

describe('an input that an agent server does not support:', () => {
  const replayJson = '[{"source":"user","action":"message","args":{"content":"hi"}}]';
  const inputs: [what: string, input: Partial<CreateNestedConversationInput>, field: string][] = [
    ['a sid that is not a UUID', { sid: 'conv-7' }, 'sid'],
    ['a replay', { replayJson, initialUserMsg: null }, 'replayJson'],
    [
      'a repository together with a container per conversation',
      { settings: { ...settings, repository: 'ada/engine', conversation_runtime: 'docker' } },
      'settings.conversation_runtime',
    ],
    [
      'an MCP server with a name that is taken',
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
    test(`${what} is rejected and nothing is sent`, async () => {
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
