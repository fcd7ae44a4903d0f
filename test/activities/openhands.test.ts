import { describe } from 'node:test';
import { matchDigest } from '../../activities/nested-server/message-match.js';
import {
  addAccepted,
  addCreated,
  addLife,
  addLifeUnanswered,
  addStatus,
  intend,
  stateAt,
} from '../../activities/nested-server/openhands/answers.js';
import { conclude, type OpenHandsStep } from '../../activities/nested-server/openhands/conclude.js';
import { addEvents, addStillness } from '../../activities/nested-server/openhands/events.js';
import {
  type OpenHandsEvent,
  type OpenHandsState,
  patience,
  type Status,
} from '../../activities/nested-server/openhands/state.js';
import {
  agentMessage,
  agentStateChanged,
  changeAgentState,
  type NewEvent,
  nullObservation,
  recallAction,
  recallObservation,
  systemMessage,
  userMessage,
} from '../../dev-stack/stand-ins/openhands-events.js';
import { type DialectRow, desiring, type Fact, testConclusions } from './dialect-table.js';

type F = Fact<OpenHandsState>;

const text = 'Fix the build';
const wanted = desiring(text);
const noMessage = desiring(undefined);
const replay = desiring(text, { isReplay: true });
const images = desiring(text, { hasImages: true });
const weaker = desiring(text, { readyWhen: 'accepting-events' });
const weakerNoMessage = desiring(undefined, { readyWhen: 'accepting-events' });

/** What a baseline finds: the newest events before this start, and the status. */
const baseline =
  (status: Status, ...events: NewEvent[]): F =>
  (_, desired) => {
    const stored = events.map((event, id) => ({ ...event, id }) as OpenHandsEvent);
    return stateAt(desired, stored.reverse(), status);
  };
const told = (value: string, runtime?: string): Status => ({ kind: 'told', value, ...(runtime && { runtime }) });
const absent: Status = { kind: 'absent' };
const unreadable: Status = { kind: 'unreadable', wasTold: false };

/** More events, numbered like a server numbers them. */
const events =
  (...added: NewEvent[]): F =>
  (state, desired) =>
    addEvents(
      addStillness(state, false),
      added.map((event, index) => ({ ...event, id: state.cursor + 1 + index }) as OpenHandsEvent),
      desired,
    );
const status =
  (value: string | Status): F =>
  (state) =>
    addStatus(state, typeof value === 'string' ? told(value) : value);
const alive: F = (state) => addLife(state, true);
const gone: F = (state) => addLife(state, false);
const lifeUnanswered: F = (state) => addLifeUnanswered(state);
const nothingNew: F = (state) => addStillness(state, true);
const notFoundForLong: F = (state) =>
  state.message.is === 'sent' ? { ...state, message: { ...state.message, unseen: patience } } : state;
const notReadToTheEnd: F = (state) => ({ ...state, caughtUp: false });
/** A request that was never answered. */
const sends =
  (step: OpenHandsStep): F =>
  (state) =>
    intend(step, state);
/** A create and its answer. */
const creates =
  (conversationStatus: 'STARTING' | 'RUNNING'): F =>
  (state) =>
    addCreated(intend('create', state), conversationStatus === 'STARTING');
const posts =
  (step: Exclude<OpenHandsStep, 'create'>): F =>
  (state) =>
    addAccepted(step, intend(step, state));

const ours = userMessage(text, []);
const foreign = userMessage('Something else', []);
const loading = agentStateChanged('loading');
const running = agentStateChanged('running');
const awaiting = agentStateChanged('awaiting_user_input');
const error = agentStateChanged('error', 'STATUS$ERROR_LLM_AUTHENTICATION');
const askedToRun = changeAgentState('user', 'running');
const recall = recallAction(text, 'knowledge');

/** A first life, up to the agent's receipt of the message. Its recall is event 4. */
const begun = [loading, systemMessage(), ours, changeAgentState('environment', 'running'), recall];
const atWork = [...begun, running, recallObservation(4)];
const answered = [...atWork, agentMessage('Done.'), awaiting];
/** A life that begins without a message. */
const idleAgain = [loading, changeAgentState('environment', 'awaiting_user_input'), awaiting];
/** A life before this start: six events. */
const earlier = [loading, systemMessage(), foreign, running, agentMessage('Hello.'), awaiting];
const busy = [loading, systemMessage(), foreign, running];

const fresh = [baseline(absent), creates('STARTING')];
const joined = [baseline(told('RUNNING'), ...earlier)];
/** A loop that works on something earlier. It has four events, so our message is event 4. */
const joinedBusy = [baseline(told('RUNNING'), ...busy), posts('deliver')];
const rejectedKey = 'STATUS$ERROR_LLM_AUTHENTICATION';

const firstLife: DialectRow<OpenHandsState>[] = [
  ['never created', [baseline(absent)], 'send create'],
  ['refused at create', [baseline(told('STOPPED'))], 'send create'],
  ['created, not there yet', [...fresh, status(absent)], 'wait: absent (agent not started)'],
  ['created, not a single event', [...fresh, status('STARTING')], 'wait: STARTING (agent not started)'],
  ['loading', [...fresh, events(loading), status('STARTING')], 'wait: STARTING (agent loading)'],
  ['loading for ever, called RUNNING', [...fresh, events(loading), status('RUNNING')], 'wait: RUNNING (agent loading)'],
  ['a dead replay', [...fresh, events(loading), status('RUNNING')], 'wait: RUNNING (agent loading)', replay],
  ['started, status behind', [...fresh, events(...atWork), status('STARTING')], 'wait: STARTING (agent running)'],
  ['at work', [...fresh, events(...atWork), status('RUNNING')], 'ready: RUNNING'],
  ['answered', [...fresh, events(...answered), status('RUNNING')], 'ready: RUNNING'],
  ['started without a message', [...fresh, events(...idleAgain), status('RUNNING')], 'ready: RUNNING', noMessage],
  [
    'started, its stream not read to the end',
    [...fresh, events(...atWork), notReadToTheEnd, status('RUNNING')],
    'wait: RUNNING (agent running), reading its events, at 6',
  ],
  [
    'created, the answer lost',
    [baseline(absent), sends('create'), events(...atWork), status('RUNNING')],
    'ready: RUNNING',
  ],
  [
    'created, the answer lost, no event yet',
    [baseline(absent), sends('create'), status('STARTING')],
    'wait: STARTING (agent not started)',
  ],
  ['never reached by a create', [baseline(absent), sends('create'), status(absent)], 'send create'],
  [
    'reached by the first of two creates only',
    [baseline(absent), sends('create'), creates('RUNNING'), events(...atWork), status('RUNNING')],
    'ready: RUNNING',
  ],
  ['told by an unknown status', [...fresh, events(...atWork), status('PAUSED')], 'wait: PAUSED (agent running)'],
  [
    'there, with a message accepted that it does not show',
    [...fresh, events(...idleAgain), status('RUNNING')],
    'wait: RUNNING (agent awaiting_user_input), its message accepted, but not in its events',
  ],
  [
    "begun by somebody else's create, which took ours for a second one without a word",
    [baseline(absent), creates('STARTING'), events(loading, systemMessage(), foreign, running), status('RUNNING')],
    'wait: RUNNING (agent running), its message accepted, but not in its events',
  ],
  [
    "answered as begun, though somebody else's create had, as the agent's first words without a loading tell",
    [
      baseline(told('STOPPED'), loading),
      creates('STARTING'),
      events(systemMessage(), foreign, running),
      status('RUNNING'),
    ],
    'send deliver',
  ],
  [
    "in the life of ours, with somebody else's message that came while it was loading",
    [...fresh, events(loading, foreign, systemMessage(), ours, recall, running), status('RUNNING')],
    'wait: RUNNING (agent running), the message not taken up yet',
  ],
];

const agentStates: DialectRow<OpenHandsState>[] = [
  ...['stopped', 'paused', 'rejected', 'a_state_of_tomorrow'].map(
    (state): DialectRow<OpenHandsState> => [
      `heard by an agent that is ${state} now`,
      [...fresh, events(...answered, agentStateChanged(state)), status('RUNNING')],
      `wait: RUNNING (agent ${state})`,
    ],
  ),
  ...['awaiting_user_confirmation', 'finished', 'rate_limited'].map(
    (state): DialectRow<OpenHandsState> => [
      `heard by an agent that is ${state} now`,
      [...fresh, events(...answered, agentStateChanged(state)), status('RUNNING')],
      'ready: RUNNING',
    ],
  ),
  ['in error', [...fresh, events(...atWork, error), status('RUNNING')], `fail: ${rejectedKey}`],
  ['in error while it loads', [...fresh, events(loading, error), status('RUNNING')], `fail: ${rejectedKey}`],
  [
    'in error without a reason',
    [...fresh, events(...atWork, agentStateChanged('error'))],
    'fail: the agent is in state error',
  ],
  [
    'in error, and alive again since',
    [...fresh, events(...atWork, error, running), status('RUNNING')],
    'ready: RUNNING',
  ],
  ['in error, status unreadable', [...fresh, events(...atWork, error), status(unreadable)], `fail: ${rejectedKey}`],
  ['ERROR', [...fresh, events(...atWork), status('ERROR')], 'fail: ERROR'],
  ['ARCHIVED', [baseline(told('ARCHIVED'))], 'fail: ARCHIVED'],
  [
    'ERROR with a runtime status',
    [...fresh, status(told('ERROR', 'STATUS$ERROR_RUNTIME_DISCONNECTED'))],
    'fail: ERROR STATUS$ERROR_RUNTIME_DISCONNECTED',
  ],
];

const ended: DialectRow<OpenHandsState>[] = [
  ['restarted since, nothing stored', [...fresh, status('STOPPED'), gone], 'send create'],
  ['restarted while loading', [...fresh, events(loading), status('STOPPED'), gone], 'send create'],
  ['restarted at work', [...fresh, events(...atWork), status('STOPPED'), gone], 'send create'],
  [
    'said to be STOPPED, where nothing tells of its loop',
    [...fresh, events(...atWork), status('STOPPED')],
    'send create',
  ],
  ['said to be STOPPED once', [...fresh, events(...atWork), status('STOPPED'), status('RUNNING')], 'ready: RUNNING'],
  ['said to be STOPPED, and its loop alive', [...fresh, events(...atWork), status('STOPPED'), alive], 'ready: running'],
  ['evicted', [...fresh, events(...answered, agentStateChanged('stopped')), status('STOPPED'), gone], 'send create'],
  [
    'evicted, and not loading again yet',
    [...fresh, events(...answered, agentStateChanged('stopped')), gone, creates('STARTING'), status('RUNNING')],
    'wait: RUNNING (agent not started)',
  ],
  [
    'unheard before a restart',
    [...fresh, events(...atWork), gone, creates('STARTING'), events(...idleAgain), status('RUNNING')],
    'send wake',
  ],
  [
    'unheard before a restart, loading',
    [...fresh, events(...atWork), gone, creates('STARTING'), events(loading), status('RUNNING')],
    'wait: RUNNING (agent loading)',
  ],
  [
    'asked to run, and not seen to',
    [...fresh, events(...atWork, ...idleAgain), posts('wake'), status('RUNNING')],
    'wait: RUNNING (agent awaiting_user_input), the message not taken up yet',
  ],
  [
    'woken',
    [...fresh, events(...atWork, ...idleAgain), posts('wake'), events(askedToRun, running), status('RUNNING')],
    'send point',
  ],
  [
    'woken, the answer lost',
    [...fresh, events(...atWork, ...idleAgain, askedToRun, running), status('RUNNING')],
    'send point',
  ],
  [
    'woken and pointed to the message',
    [...fresh, events(...atWork, ...idleAgain, askedToRun, running), posts('point'), status('RUNNING')],
    'ready: RUNNING',
  ],
  [
    'woken and pointed to the message, the answer lost',
    [...fresh, events(...atWork, ...idleAgain, askedToRun, running, nullObservation('user', 4)), status('RUNNING')],
    'ready: RUNNING',
  ],
  [
    'woken, then restarted again',
    [
      ...fresh,
      events(...atWork, ...idleAgain, askedToRun, running, nullObservation('user', 4), ...idleAgain),
      status('RUNNING'),
    ],
    'send wake',
  ],
  ['answered before a restart', [...fresh, events(...answered, ...idleAgain), status('RUNNING')], 'ready: RUNNING'],
  [
    'heard, as what is read after the end of its life tells',
    [
      ...fresh,
      events(...begun),
      status('STOPPED'),
      gone,
      events(running, recallObservation(4), agentMessage('Done.')),
      creates('STARTING'),
      events(...idleAgain),
      status('RUNNING'),
    ],
    'ready: RUNNING',
  ],
  [
    'restarted before it stored what it had accepted',
    [...fresh, events(loading), gone, creates('STARTING'), events(...begun, running), status('RUNNING')],
    'ready: RUNNING',
  ],
  [
    'restarted, and given a life by somebody else before it stored what it had accepted',
    [...fresh, events(loading), events(...idleAgain), status('RUNNING')],
    'wait: RUNNING (agent awaiting_user_input), its message not in its events yet',
  ],
  [
    'restarted, and given a life by somebody else, without what it had accepted',
    [...fresh, events(loading), events(...idleAgain), notFoundForLong, status('RUNNING')],
    'send deliver',
  ],
  [
    'restarted, and given a life by somebody else that took up what was delivered to the life before',
    [...joined, posts('deliver'), events(...idleAgain, ours, recall, running), status('RUNNING')],
    'ready: RUNNING',
  ],
  [
    'evicted after it stored what it had accepted, as is read only then',
    [...joined, posts('deliver'), gone, events(ours), creates('STARTING'), events(...idleAgain), status('RUNNING')],
    'send wake',
  ],
];

const unreadableStatus: DialectRow<OpenHandsState>[] = [
  ['never created', [baseline(unreadable)], 'send create'],
  ['at work', [...fresh, events(...atWork), status(unreadable), alive], 'ready: running'],
  ['at work, where nothing tells of its loop', [...fresh, events(...atWork), status(unreadable)], 'ready: running'],
  [
    'at work, while it does not answer whether its loop is alive',
    [...fresh, events(...atWork), status(unreadable), lifeUnanswered],
    'wait: unreadable (agent running)',
  ],
  [
    'at work, though its status was told before',
    [...fresh, events(...atWork), status({ kind: 'unreadable', wasTold: true })],
    'wait: unreadable (agent running)',
  ],
  [
    'at work, its status told before, and its loop alive',
    [...fresh, events(...atWork), status({ kind: 'unreadable', wasTold: true }), alive],
    'ready: running',
  ],
  ['late with its status', [...fresh, events(...atWork), status({ kind: 'late', wasTold: true })], 'ready: running'],
  [
    'late with its status, its loop gone',
    [...fresh, events(...atWork), status({ kind: 'late', wasTold: true }), gone],
    'send create',
  ],
  ['restarted or evicted', [...fresh, events(...atWork), status(unreadable), gone], 'send create'],
  ['loading', [...fresh, events(loading), status(unreadable), alive], 'wait: unreadable (agent loading)'],
  ['without events', [...fresh, status(unreadable), alive], 'wait: unreadable (agent not started)'],
  [
    'reached by a create whose answer was lost',
    [baseline(absent), sends('create'), status(unreadable), alive],
    'wait: unreadable (agent not started)',
  ],
  ['not reached by a create', [baseline(absent), sends('create'), status(unreadable), gone], 'send create'],
  ['there since before, nobody knows whether alive', [baseline(unreadable, ...earlier)], 'send create'],
  ['there since before, and alive', [baseline(unreadable, ...earlier), alive], 'send deliver'],
  ['there since before, and not alive', [baseline(unreadable, ...earlier), gone], 'send create'],
  [
    'there since before, and alive as a create found',
    [baseline(unreadable, ...earlier), creates('RUNNING'), status(unreadable)],
    'send deliver',
  ],
];

const earlierLives: DialectRow<OpenHandsState>[] = [
  ['ended', [baseline(told('STOPPED'), ...earlier)], 'send create'],
  [
    'ended, created again',
    [baseline(told('STOPPED'), ...earlier), creates('STARTING'), status('RUNNING')],
    'wait: RUNNING (agent not started)',
  ],
  [
    'ended, at work again',
    [baseline(told('STOPPED'), ...earlier), creates('STARTING'), events(...atWork), status('RUNNING')],
    'ready: RUNNING',
  ],
  [
    'STARTING, with the last word of a life before',
    [
      baseline(told('STOPPED'), ...earlier),
      creates('STARTING'),
      events(agentStateChanged('stopped')),
      status('STARTING'),
    ],
    'wait: STARTING (agent not started)',
  ],
  ['alive', joined, 'send deliver'],
  [
    'alive, taken for ended, and the answer to the create lost',
    [baseline(told('STOPPED'), ...earlier), sends('create'), status('RUNNING')],
    'wait: RUNNING (agent not started)',
  ],
  [
    'alive, taken for ended, the answer to the create lost, and nothing new comes',
    [baseline(told('STOPPED'), ...earlier), sends('create'), status('RUNNING'), nothingNew],
    'send create',
  ],
  [
    'alive, taken for ended, as a second create found',
    [
      baseline(told('STOPPED'), ...earlier),
      sends('create'),
      status('RUNNING'),
      creates('RUNNING'),
      status('RUNNING'),
      notFoundForLong,
    ],
    'send deliver',
  ],
  [
    'alive, as a create found that took it for ended',
    [baseline(told('STOPPED'), ...earlier), creates('RUNNING'), status('RUNNING')],
    'send deliver',
  ],
  ['alive and busy', [baseline(told('RUNNING'), ...busy)], 'send deliver'],
  ['alive and busy since long', [baseline(told('RUNNING'), agentMessage('One of many.'))], 'send deliver'],
  ['alive and loading', [baseline(told('STARTING'), loading)], 'wait: STARTING (agent loading)'],
  ['alive, in error before this start', [baseline(told('RUNNING'), ...busy, error)], 'send deliver'],
  ['alive, no message meant', joined, 'ready: RUNNING', noMessage],
  ['alive in error, no message meant', [baseline(told('RUNNING'), ...busy, error)], 'ready: RUNNING', noMessage],
  ["alive, with somebody else's message", [...joined, events(foreign)], 'send deliver'],
  [
    "alive, with somebody else's message that hides a secret",
    [...joined, events(userMessage('Log in with <secret_hidden>', []))],
    'send deliver',
  ],
  [
    'alive, and the message is that of a replay',
    joined,
    'fail: it was already running, and a running conversation takes no replay',
    replay,
  ],
  [
    'alive, the answer to the delivery lost, and not there yet',
    [...joined, sends('deliver')],
    'wait: RUNNING (agent awaiting_user_input), its message not in its events yet',
  ],
  [
    'alive, the answer to the delivery lost, and not there',
    [...joined, sends('deliver'), notFoundForLong],
    'send deliver',
  ],
  [
    'alive, the answer to the delivery lost, and there',
    [...joined, sends('deliver'), events(ours, recall, running)],
    'ready: RUNNING',
  ],
  [
    'alive, delivered, and never shown',
    [...joined, posts('deliver'), nothingNew],
    'wait: RUNNING (agent awaiting_user_input), its message accepted, but not in its events',
  ],
  [
    'alive, delivered with images, and never shown',
    [...joined, posts('deliver'), nothingNew],
    'wait: RUNNING (agent awaiting_user_input), its message accepted, but not in its events: the server drops a message with images if the model has no vision',
    images,
  ],
  [
    'alive, delivered, not taken up',
    [...joined, posts('deliver'), events(ours)],
    'wait: RUNNING (agent awaiting_user_input), the message not taken up yet',
  ],
  ['alive, delivered, taken up', [...joined, posts('deliver'), events(ours, recall, running)], 'ready: RUNNING'],
  [
    'alive, delivered, masked, taken up',
    [...joined, posts('deliver'), events(userMessage('Fix <secret_hidden>', []), recall, running)],
    'ready: RUNNING',
  ],
  [
    "alive, delivered, and somebody else's message that hides a secret came first",
    [...joined, posts('deliver'), events(userMessage('Log in with <secret_hidden>', []), recall, running)],
    'wait: RUNNING (agent running), its message accepted, but not in its events',
  ],
  [
    'alive, delivered, masked, for whoever has only the digest of ours',
    [...joined, posts('deliver'), events(userMessage('Fix <secret_hidden>', []), recall, running)],
    'compare: RUNNING (agent awaiting_user_input), with a message that may be its own',
    { ...wanted, isOurMessage: matchDigest(wanted.messageDigest) },
  ],
  [
    'alive, delivered, taken up, and in error',
    [...joined, posts('deliver'), events(ours, recall, running, error)],
    `fail: ${rejectedKey}`,
  ],
  ['alive, delivered, then ended', [...joined, posts('deliver'), status('STOPPED'), gone], 'send create'],
];

const earlierTurns: DialectRow<OpenHandsState>[] = [
  ['goes on', [...joinedBusy, events(ours)], 'wait: RUNNING (agent running), the message not taken up yet'],
  ['has just failed', [baseline(told('RUNNING'), ...busy), events(error)], 'wait: RUNNING (agent error)'],
  ['fails before our message', [baseline(told('RUNNING'), ...busy), events(error), nothingNew], 'send deliver'],
  [
    'fails before our message is there',
    [...joinedBusy, events(error), status('RUNNING')],
    'wait: RUNNING (agent error), its message accepted, but not in its events',
  ],
  [
    'fails after our message',
    [...joinedBusy, events(ours, error)],
    'wait: RUNNING (agent error), the message not taken up yet',
  ],
  [
    'fails after our message, which the agent then takes up by itself',
    [...joinedBusy, events(ours, error, running, error, recall, nullObservation('environment', 8), running)],
    'ready: RUNNING',
  ],
  [
    'fails after our message, and the agent then fails with ours',
    [...joinedBusy, events(ours, error, running, error, recall, nullObservation('environment', 8), running, error)],
    `fail: ${rejectedKey}`,
  ],
  [
    'goes on with ours, which fails',
    [...joinedBusy, events(ours, recall, nullObservation('environment', 5), error)],
    `fail: ${rejectedKey}`,
  ],
  [
    'fails after our message, and once more before the agent steps',
    [...joinedBusy, events(ours, error, recall, running, nullObservation('environment', 6), error)],
    'wait: RUNNING (agent error), the message not taken up yet',
  ],
  [
    'fails after our message, and once more before the agent steps, for good',
    [...joinedBusy, events(ours, error, recall, running, nullObservation('environment', 6), error), nothingNew],
    'send wake',
  ],
  [
    'fails after our message, with which the agent has just begun',
    [...joinedBusy, events(ours, error, recall, nullObservation('environment', 6), running)],
    'wait: RUNNING (agent running), the message just taken up',
  ],
  [
    'fails after our message, with which the agent goes on',
    [...joinedBusy, events(ours, error, recall, nullObservation('environment', 6), running), nothingNew],
    'ready: RUNNING',
  ],
  [
    'fails once more after the agent has begun with our message',
    [...joinedBusy, events(ours, error, recall, nullObservation('environment', 6), running, error), nothingNew],
    'send wake',
  ],
  [
    'fails once more after our message was answered',
    [
      ...joinedBusy,
      events(ours, error, running, recall, nullObservation('environment', 7), agentMessage('Ours.'), awaiting, error),
    ],
    'ready: RUNNING',
  ],
  [
    'fails once more while the model is asked about our message',
    [
      ...joinedBusy,
      events(ours, error, recall, nullObservation('environment', 6), running, error, agentMessage('Ours.'), awaiting),
    ],
    'ready: RUNNING',
  ],
  [
    'failed twice, and then ours, which the agent was woken for',
    [
      ...joinedBusy,
      events(ours, error, recall, running, nullObservation('environment', 6), error),
      nothingNew,
      posts('wake'),
      events(askedToRun, running),
      posts('point'),
      events(nullObservation('user', 6), error),
    ],
    `fail: ${rejectedKey}`,
  ],
  [
    'failed, and ours fails, too',
    [
      baseline(told('RUNNING'), ...busy, error),
      posts('deliver'),
      events(ours, recall, running, nullObservation('environment', 6), error),
    ],
    `fail: ${rejectedKey}`,
  ],
  [
    'fails after our message, and once more after the agent has looked it up',
    [...joinedBusy, events(ours, error, recall, nullObservation('environment', 6), error)],
    'wait: RUNNING (agent error), the message not taken up yet',
  ],
  [
    'fails before our message, and once more after it',
    [...joinedBusy, events(error, running, ours, error)],
    'wait: RUNNING (agent error), the message not taken up yet',
  ],
  [
    'fails before our message and once more after it, and the agent then takes up ours',
    [...joinedBusy, events(error, running, ours, error, recall, nullObservation('environment', 8), running)],
    'ready: RUNNING',
  ],
  [
    'is answered after our message, not recalled yet',
    [...joinedBusy, events(ours, agentMessage('Earlier.'))],
    'wait: RUNNING (agent running), the message not taken up yet',
  ],
  [
    'ends well after our message, which is just passed over',
    [...joinedBusy, events(ours, agentMessage('Earlier.'), recall, awaiting, nullObservation('environment', 6))],
    'wait: RUNNING (agent awaiting_user_input), the message not taken up yet',
  ],
  [
    'ends well after our message, which is passed over',
    [
      ...joinedBusy,
      events(ours, agentMessage('Earlier.'), recall, awaiting, nullObservation('environment', 6)),
      nothingNew,
    ],
    'send wake',
  ],
  [
    'goes on with ours, as an action after its recall shows',
    [...joinedBusy, events(ours, recall, nullObservation('environment', 5), agentMessage('Ours.'))],
    'ready: RUNNING',
  ],
  [
    'goes on, with an action before the recall is answered',
    [...joinedBusy, events(ours, recall, agentMessage('Earlier.'))],
    'wait: RUNNING (agent running), the message not taken up yet',
  ],
  [
    'ends before our message comes',
    [...joinedBusy, events(agentMessage('Earlier.'), awaiting, ours, recall, running)],
    'ready: RUNNING',
  ],
];

const acceptingEvents: DialectRow<OpenHandsState>[] = [
  ['no message wanted', [...fresh, status('STARTING')], 'ready: STARTING', weakerNoMessage],
  ['without ours', [...fresh, events(loading), status('RUNNING')], 'wait: RUNNING (agent loading)', weaker],
  ['with ours', [...fresh, events(loading, ours), status('RUNNING')], 'ready: RUNNING', weaker],
  ['absent', [...fresh, status(absent)], 'wait: absent (agent not started)', weaker],
  ['stopped', [...fresh, events(...atWork), status('STOPPED'), gone], 'send create', weaker],
  ['in error', [...fresh, events(...atWork, error), status('RUNNING')], `fail: ${rejectedKey}`, weaker],
];

const dialect = { begin: (desired: typeof wanted) => stateAt(desired, [], absent), conclude };

describe('a conversation of openhands', () => {
  describe('in its first life is', () => testConclusions(dialect, wanted, firstLife));
  describe('is judged by its agent:', () => testConclusions(dialect, wanted, agentStates));
  describe('whose loop may have ended is', () => testConclusions(dialect, wanted, ended));
  describe('of a server without a readable status is', () => testConclusions(dialect, wanted, unreadableStatus));
  describe('with an earlier life that', () => testConclusions(dialect, wanted, earlierLives));
  describe('with an earlier turn that', () => testConclusions(dialect, wanted, earlierTurns));
  describe('that only has to accept events is', () => testConclusions(dialect, wanted, acceptingEvents));
});
