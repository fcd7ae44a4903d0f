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
import { type DialectRow, desiredConversation, type Fact, testConclusions } from './dialect-table.js';

type F = Fact<OpenHandsState>;

const text = 'Fix the build';
const wanted = desiredConversation(text);
const noMessage = desiredConversation(undefined);
const replay = desiredConversation(text, { isReplay: true });
const images = desiredConversation(text, { hasImages: true });
const weaker = desiredConversation(text, { readyWhen: 'accepting-events' });
const weakerNoMessage = desiredConversation(undefined, { readyWhen: 'accepting-events' });

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
/** Nothing was known of the loop, and the answer to the create was lost. */
const createdUnanswered = [baseline(unreadable, ...earlier), sends('create')];
const joined = [baseline(told('RUNNING'), ...earlier)];
/** A loop that works on something earlier. It has four events, so our message is event 4. */
const joinedBusy = [baseline(told('RUNNING'), ...busy), posts('deliver')];
const rejectedKey = 'STATUS$ERROR_LLM_AUTHENTICATION';

const firstLife: DialectRow<OpenHandsState>[] = [
  ['never created', [baseline(absent)], 'send create'],
  ['rejected at create', [baseline(told('STOPPED'))], 'send create'],
  ['created but not visible yet', [...fresh, status(absent)], 'wait: absent (agent not started)'],
  ['created, no events', [...fresh, status('STARTING')], 'wait: STARTING (agent not started)'],
  ['loading', [...fresh, events(loading), status('STARTING')], 'wait: STARTING (agent loading)'],
  ['loading, with the status RUNNING', [...fresh, events(loading), status('RUNNING')], 'wait: RUNNING (agent loading)'],
  ['a dead replay', [...fresh, events(loading), status('RUNNING')], 'wait: RUNNING (agent loading)', replay],
  [
    'started, status not updated yet',
    [...fresh, events(...atWork), status('STARTING')],
    'wait: STARTING (agent running)',
  ],
  ['running', [...fresh, events(...atWork), status('RUNNING')], 'ready: RUNNING'],
  ['answered', [...fresh, events(...answered), status('RUNNING')], 'ready: RUNNING'],
  ['started without a message', [...fresh, events(...idleAgain), status('RUNNING')], 'ready: RUNNING', noMessage],
  [
    'started, events not read to the end',
    [...fresh, events(...atWork), notReadToTheEnd, status('RUNNING')],
    'wait: RUNNING (agent running), reading its events, at 6',
  ],
  ['created, answer lost', [baseline(absent), sends('create'), events(...atWork), status('RUNNING')], 'ready: RUNNING'],
  [
    'created, answer lost, no events yet',
    [baseline(absent), sends('create'), status('STARTING')],
    'wait: STARTING (agent not started)',
  ],
  [
    'not there after a create that was not answered',
    [baseline(absent), sends('create'), status(absent)],
    'send create',
  ],
  [
    'created twice, the first time without an answer',
    [baseline(absent), sends('create'), creates('RUNNING'), events(...atWork), status('RUNNING')],
    'ready: RUNNING',
  ],
  ['running, with an unknown status', [...fresh, events(...atWork), status('PAUSED')], 'wait: PAUSED (agent running)'],
  [
    'idle, message accepted but missing',
    [...fresh, events(...idleAgain), status('RUNNING')],
    'wait: RUNNING (agent awaiting_user_input), its message accepted, but not in its events',
  ],
  [
    'created by someone else first, our create answered as new, message missing',
    [baseline(absent), creates('STARTING'), events(loading, systemMessage(), foreign, running), status('RUNNING')],
    'wait: RUNNING (agent running), its message accepted, but not in its events',
  ],
  [
    'created by someone else first, our create answered as new, our loading state missing',
    [
      baseline(told('STOPPED'), loading),
      creates('STARTING'),
      events(systemMessage(), foreign, running),
      status('RUNNING'),
    ],
    'send deliver',
  ],
  [
    "created by us, someone else's message arrived while it was loading",
    [...fresh, events(loading, foreign, systemMessage(), ours, recall, running), status('RUNNING')],
    'wait: RUNNING (agent running), the message not taken up yet',
  ],
];

const agentStates: DialectRow<OpenHandsState>[] = [
  ...['stopped', 'paused', 'rejected', 'a_state_of_tomorrow'].map(
    (state): DialectRow<OpenHandsState> => [
      `${state}, after taking up the message`,
      [...fresh, events(...answered, agentStateChanged(state)), status('RUNNING')],
      `wait: RUNNING (agent ${state})`,
    ],
  ),
  ...['awaiting_user_confirmation', 'finished', 'rate_limited'].map(
    (state): DialectRow<OpenHandsState> => [
      `${state}, after taking up the message`,
      [...fresh, events(...answered, agentStateChanged(state)), status('RUNNING')],
      'ready: RUNNING',
    ],
  ),
  ['in error', [...fresh, events(...atWork, error), status('RUNNING')], `fail: ${rejectedKey}`],
  ['in error while loading', [...fresh, events(loading, error), status('RUNNING')], `fail: ${rejectedKey}`],
  [
    'in error without a reason',
    [...fresh, events(...atWork, agentStateChanged('error'))],
    'fail: the agent is in state error',
  ],
  ['running again after an error', [...fresh, events(...atWork, error, running), status('RUNNING')], 'ready: RUNNING'],
  ['in error, status unreadable', [...fresh, events(...atWork, error), status(unreadable)], `fail: ${rejectedKey}`],
  ['running, with the status ERROR', [...fresh, events(...atWork), status('ERROR')], 'fail: ERROR'],
  ['unknown, with the status ARCHIVED', [baseline(told('ARCHIVED'))], 'fail: ARCHIVED'],
  [
    'unknown, with the status ERROR and a runtime status',
    [...fresh, status(told('ERROR', 'STATUS$ERROR_RUNTIME_DISCONNECTED'))],
    'fail: ERROR STATUS$ERROR_RUNTIME_DISCONNECTED',
  ],
];

const ended: DialectRow<OpenHandsState>[] = [
  ['restarted, nothing stored', [...fresh, status('STOPPED'), gone], 'send create'],
  ['restarted while loading', [...fresh, events(loading), status('STOPPED'), gone], 'send create'],
  ['restarted while running', [...fresh, events(...atWork), status('STOPPED'), gone], 'send create'],
  ['STOPPED, nothing known about its loop', [...fresh, events(...atWork), status('STOPPED')], 'send create'],
  ['STOPPED once', [...fresh, events(...atWork), status('STOPPED'), status('RUNNING')], 'ready: RUNNING'],
  ['STOPPED, but its loop is alive', [...fresh, events(...atWork), status('STOPPED'), alive], 'ready: running'],
  ['evicted', [...fresh, events(...answered, agentStateChanged('stopped')), status('STOPPED'), gone], 'send create'],
  [
    'evicted, created again, not loading yet',
    [...fresh, events(...answered, agentStateChanged('stopped')), gone, creates('STARTING'), status('RUNNING')],
    'wait: RUNNING (agent not started)',
  ],
  [
    'message not taken up before a restart',
    [...fresh, events(...atWork), gone, creates('STARTING'), events(...idleAgain), status('RUNNING')],
    'send wake',
  ],
  [
    'message not taken up before a restart, loading',
    [...fresh, events(...atWork), gone, creates('STARTING'), events(loading), status('RUNNING')],
    'wait: RUNNING (agent loading)',
  ],
  [
    'asked to run, not running yet',
    [...fresh, events(...atWork, ...idleAgain), posts('wake'), status('RUNNING')],
    'wait: RUNNING (agent awaiting_user_input), the message not taken up yet',
  ],
  [
    'woken',
    [...fresh, events(...atWork, ...idleAgain), posts('wake'), events(askedToRun, running), status('RUNNING')],
    'send point',
  ],
  [
    'woken, answer lost',
    [...fresh, events(...atWork, ...idleAgain, askedToRun, running), status('RUNNING')],
    'send point',
  ],
  [
    'woken and pointed to the message',
    [...fresh, events(...atWork, ...idleAgain, askedToRun, running), posts('point'), status('RUNNING')],
    'ready: RUNNING',
  ],
  [
    'woken and pointed to the message, answer lost',
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
    'message taken up before the loop ended, as events read later show',
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
    'restarted before it stored the accepted message, then created again by us',
    [...fresh, events(loading), gone, creates('STARTING'), events(...begun, running), status('RUNNING')],
    'ready: RUNNING',
  ],
  [
    'restarted before it stored the accepted message, then resumed by someone else',
    [...fresh, events(loading), events(...idleAgain), status('RUNNING')],
    'wait: RUNNING (agent awaiting_user_input), its message not in its events yet',
  ],
  [
    'restarted before it stored the accepted message, then resumed by someone else, message still missing',
    [...fresh, events(loading), events(...idleAgain), notFoundForLong, status('RUNNING')],
    'send deliver',
  ],
  [
    'restarted, then resumed by someone else, message of the earlier life taken up',
    [...joined, posts('deliver'), events(...idleAgain, ours, recall, running), status('RUNNING')],
    'ready: RUNNING',
  ],
  [
    'evicted after it stored the accepted message, as events read later show',
    [...joined, posts('deliver'), gone, events(ours), creates('STARTING'), events(...idleAgain), status('RUNNING')],
    'send wake',
  ],
];

const unreadableStatus: DialectRow<OpenHandsState>[] = [
  ['never created', [baseline(unreadable)], 'send create'],
  ['running, loop alive', [...fresh, events(...atWork), status(unreadable), alive], 'ready: running'],
  ['running, nothing known about its loop', [...fresh, events(...atWork), status(unreadable)], 'ready: running'],
  [
    'running, question about its loop unanswered',
    [...fresh, events(...atWork), status(unreadable), lifeUnanswered],
    'wait: unreadable (agent running)',
  ],
  [
    'running, status was readable before',
    [...fresh, events(...atWork), status({ kind: 'unreadable', wasTold: true })],
    'wait: unreadable (agent running)',
  ],
  [
    'running, status was readable before, loop alive',
    [...fresh, events(...atWork), status({ kind: 'unreadable', wasTold: true }), alive],
    'ready: running',
  ],
  ['running, status late', [...fresh, events(...atWork), status({ kind: 'late', wasTold: true })], 'ready: running'],
  [
    'status late, loop gone',
    [...fresh, events(...atWork), status({ kind: 'late', wasTold: true }), gone],
    'send create',
  ],
  ['restarted or evicted', [...fresh, events(...atWork), status(unreadable), gone], 'send create'],
  ['loading', [...fresh, events(loading), status(unreadable), alive], 'wait: unreadable (agent loading)'],
  ['without events', [...fresh, status(unreadable), alive], 'wait: unreadable (agent not started)'],
  [
    'create not answered, loop alive',
    [baseline(absent), sends('create'), status(unreadable), alive],
    'wait: unreadable (agent not started)',
  ],
  ['create not answered, loop gone', [baseline(absent), sends('create'), status(unreadable), gone], 'send create'],
  ['there before, nothing known about its loop', [baseline(unreadable, ...earlier)], 'send create'],
  ['there before, loop alive', [baseline(unreadable, ...earlier), alive], 'send deliver'],
  ['there before, loop gone', [baseline(unreadable, ...earlier), gone], 'send create'],
  // The loop may be an old one, or the one that the create has begun, with its events still to come.
  [
    'there before, create not answered, a loop alive',
    [...createdUnanswered, status(unreadable), alive, notFoundForLong],
    'wait: unreadable (agent not started)',
  ],
  [
    'there before, create not answered, a loop alive without events',
    [...createdUnanswered, status(unreadable), alive, notFoundForLong, nothingNew],
    'send create',
  ],
  [
    'there before, create not answered, a loop RUNNING without events',
    [...createdUnanswered, status('RUNNING'), notFoundForLong, nothingNew],
    'send create',
  ],
  [
    'there before, create not answered, the second create finds it begun',
    [...createdUnanswered, status(unreadable), alive, nothingNew, creates('STARTING'), alive, notFoundForLong],
    'wait: unreadable (agent not started)',
  ],
  [
    'there before, create not answered, the second create finds an old loop alive',
    [...createdUnanswered, status(unreadable), alive, nothingNew, creates('RUNNING'), alive, notFoundForLong],
    'send deliver',
  ],
  [
    'there before, loop alive according to the create',
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
    'ended, created again, running',
    [baseline(told('STOPPED'), ...earlier), creates('STARTING'), events(...atWork), status('RUNNING')],
    'ready: RUNNING',
  ],
  [
    'ended, created again, last event of the earlier life arrives',
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
    'alive but reported STOPPED, answer to the create lost',
    [baseline(told('STOPPED'), ...earlier), sends('create'), status('RUNNING')],
    'wait: RUNNING (agent not started)',
  ],
  [
    'alive but reported STOPPED, answer to the create lost, no new events',
    [baseline(told('STOPPED'), ...earlier), sends('create'), status('RUNNING'), nothingNew],
    'send create',
  ],
  [
    'alive but reported STOPPED, answer to the create lost, second create finds it alive',
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
    'alive but reported STOPPED, create finds it alive',
    [baseline(told('STOPPED'), ...earlier), creates('RUNNING'), status('RUNNING')],
    'send deliver',
  ],
  ['alive and busy', [baseline(told('RUNNING'), ...busy)], 'send deliver'],
  ['alive and busy for a long time', [baseline(told('RUNNING'), agentMessage('One of many.'))], 'send deliver'],
  ['alive and loading', [baseline(told('STARTING'), loading)], 'wait: STARTING (agent loading)'],
  ['alive, in error before this start', [baseline(told('RUNNING'), ...busy, error)], 'send deliver'],
  ['alive, no message to deliver', joined, 'ready: RUNNING', noMessage],
  ['alive, in error, no message to deliver', [baseline(told('RUNNING'), ...busy, error)], 'ready: RUNNING', noMessage],
  ["alive, with someone else's message", [...joined, events(foreign)], 'send deliver'],
  [
    "alive, with someone else's message that contains a hidden secret",
    [...joined, events(userMessage('Log in with <secret_hidden>', []))],
    'send deliver',
  ],
  [
    'alive, but a replay is to be delivered',
    joined,
    'fail: it was already running, and a running conversation takes no replay',
    replay,
  ],
  [
    'alive, answer to the delivery lost, message missing',
    [...joined, sends('deliver')],
    'wait: RUNNING (agent awaiting_user_input), its message not in its events yet',
  ],
  [
    'alive, answer to the delivery lost, message still missing',
    [...joined, sends('deliver'), notFoundForLong],
    'send deliver',
  ],
  [
    'alive, answer to the delivery lost, message taken up',
    [...joined, sends('deliver'), events(ours, recall, running)],
    'ready: RUNNING',
  ],
  [
    'alive, message accepted but missing',
    [...joined, posts('deliver'), nothingNew],
    'wait: RUNNING (agent awaiting_user_input), its message accepted, but not in its events',
  ],
  [
    'alive, message with images accepted but missing',
    [...joined, posts('deliver'), nothingNew],
    'wait: RUNNING (agent awaiting_user_input), its message accepted, but not in its events: the server drops a message with images if the model has no vision',
    images,
  ],
  [
    'alive, message not taken up',
    [...joined, posts('deliver'), events(ours)],
    'wait: RUNNING (agent awaiting_user_input), the message not taken up yet',
  ],
  ['alive, message taken up', [...joined, posts('deliver'), events(ours, recall, running)], 'ready: RUNNING'],
  [
    'alive, message stored with a hidden secret, taken up',
    [...joined, posts('deliver'), events(userMessage('Fix <secret_hidden>', []), recall, running)],
    'ready: RUNNING',
  ],
  [
    "alive, message accepted, someone else's message with a hidden secret stored first",
    [...joined, posts('deliver'), events(userMessage('Log in with <secret_hidden>', []), recall, running)],
    'wait: RUNNING (agent running), its message accepted, but not in its events',
  ],
  [
    'alive, message stored with a hidden secret, only the digest of ours known',
    [...joined, posts('deliver'), events(userMessage('Fix <secret_hidden>', []), recall, running)],
    'compare: RUNNING (agent awaiting_user_input), with a message that may be its own',
    { ...wanted, isOurMessage: matchDigest(wanted.messageDigest) },
  ],
  [
    'alive, message taken up, in error',
    [...joined, posts('deliver'), events(ours, recall, running, error)],
    `fail: ${rejectedKey}`,
  ],
  ['alive, message accepted, then ended', [...joined, posts('deliver'), status('STOPPED'), gone], 'send create'],
];

const earlierTurns: DialectRow<OpenHandsState>[] = [
  ['continues', [...joinedBusy, events(ours)], 'wait: RUNNING (agent running), the message not taken up yet'],
  ['has just failed', [baseline(told('RUNNING'), ...busy), events(error)], 'wait: RUNNING (agent error)'],
  ['fails before our message', [baseline(told('RUNNING'), ...busy), events(error), nothingNew], 'send deliver'],
  [
    'fails before our message is stored',
    [...joinedBusy, events(error), status('RUNNING')],
    'wait: RUNNING (agent error), its message accepted, but not in its events',
  ],
  [
    'fails after our message',
    [...joinedBusy, events(ours, error)],
    'wait: RUNNING (agent error), the message not taken up yet',
  ],
  [
    'fails after our message, then ours is taken up',
    [...joinedBusy, events(ours, error, running, error, recall, nullObservation('environment', 8), running)],
    'ready: RUNNING',
  ],
  [
    'fails after our message, then ours is taken up and fails',
    [...joinedBusy, events(ours, error, running, error, recall, nullObservation('environment', 8), running, error)],
    `fail: ${rejectedKey}`,
  ],
  [
    'fails after it has taken up our message',
    [...joinedBusy, events(ours, recall, nullObservation('environment', 5), error)],
    `fail: ${rejectedKey}`,
  ],
  [
    'fails after our message, and again before the agent steps',
    [...joinedBusy, events(ours, error, recall, running, nullObservation('environment', 6), error)],
    'wait: RUNNING (agent error), the message not taken up yet',
  ],
  [
    'fails after our message, and again before the agent steps, and nothing follows',
    [...joinedBusy, events(ours, error, recall, running, nullObservation('environment', 6), error), nothingNew],
    'send wake',
  ],
  [
    'fails after our message, and the agent has just begun with ours',
    [...joinedBusy, events(ours, error, recall, nullObservation('environment', 6), running)],
    'wait: RUNNING (agent running), the message just taken up',
  ],
  [
    'fails after our message, and the agent works on ours',
    [...joinedBusy, events(ours, error, recall, nullObservation('environment', 6), running), nothingNew],
    'ready: RUNNING',
  ],
  [
    'fails again after the agent has begun with our message',
    [...joinedBusy, events(ours, error, recall, nullObservation('environment', 6), running, error), nothingNew],
    'send wake',
  ],
  [
    'fails again after our message was answered',
    [
      ...joinedBusy,
      events(ours, error, running, recall, nullObservation('environment', 7), agentMessage('Ours.'), awaiting, error),
    ],
    'ready: RUNNING',
  ],
  [
    'fails again while the model is asked about our message',
    [
      ...joinedBusy,
      events(ours, error, recall, nullObservation('environment', 6), running, error, agentMessage('Ours.'), awaiting),
    ],
    'ready: RUNNING',
  ],
  [
    'failed twice, and our message fails after the agent was woken for it',
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
    'failed, then ours fails',
    [
      baseline(told('RUNNING'), ...busy, error),
      posts('deliver'),
      events(ours, recall, running, nullObservation('environment', 6), error),
    ],
    `fail: ${rejectedKey}`,
  ],
  [
    'fails after our message and again after its recall',
    [...joinedBusy, events(ours, error, recall, nullObservation('environment', 6), error)],
    'wait: RUNNING (agent error), the message not taken up yet',
  ],
  [
    'fails before our message and again after it',
    [...joinedBusy, events(error, running, ours, error)],
    'wait: RUNNING (agent error), the message not taken up yet',
  ],
  [
    'fails before our message and again after it, then ours is taken up',
    [...joinedBusy, events(error, running, ours, error, recall, nullObservation('environment', 8), running)],
    'ready: RUNNING',
  ],
  [
    'is answered after our message, which is not recalled yet',
    [...joinedBusy, events(ours, agentMessage('Earlier.'))],
    'wait: RUNNING (agent running), the message not taken up yet',
  ],
  [
    'ends after our message, which is not taken up',
    [...joinedBusy, events(ours, agentMessage('Earlier.'), recall, awaiting, nullObservation('environment', 6))],
    'wait: RUNNING (agent awaiting_user_input), the message not taken up yet',
  ],
  [
    'ends after our message, which is not taken up, and nothing follows',
    [
      ...joinedBusy,
      events(ours, agentMessage('Earlier.'), recall, awaiting, nullObservation('environment', 6)),
      nothingNew,
    ],
    'send wake',
  ],
  [
    'continues with ours, as an action after its recall shows',
    [...joinedBusy, events(ours, recall, nullObservation('environment', 5), agentMessage('Ours.'))],
    'ready: RUNNING',
  ],
  [
    'continues, with an action before the recall is answered',
    [...joinedBusy, events(ours, recall, agentMessage('Earlier.'))],
    'wait: RUNNING (agent running), the message not taken up yet',
  ],
  [
    'ends before our message arrives',
    [...joinedBusy, events(agentMessage('Earlier.'), awaiting, ours, recall, running)],
    'ready: RUNNING',
  ],
];

const acceptingEvents: DialectRow<OpenHandsState>[] = [
  ['no message to deliver', [...fresh, status('STARTING')], 'ready: STARTING', weakerNoMessage],
  ['our message missing', [...fresh, events(loading), status('RUNNING')], 'wait: RUNNING (agent loading)', weaker],
  ['our message stored', [...fresh, events(loading, ours), status('RUNNING')], 'ready: RUNNING', weaker],
  ['absent', [...fresh, status(absent)], 'wait: absent (agent not started)', weaker],
  ['stopped', [...fresh, events(...atWork), status('STOPPED'), gone], 'send create', weaker],
  ['in error', [...fresh, events(...atWork, error), status('RUNNING')], `fail: ${rejectedKey}`, weaker],
];

const dialect = { begin: (desired: typeof wanted) => stateAt(desired, [], absent), conclude };

describe('a conversation on OpenHands', () => {
  describe('in its first life:', () => testConclusions(dialect, wanted, firstLife));
  describe('with an agent that is:', () => testConclusions(dialect, wanted, agentStates));
  describe('whose agent loop may have ended:', () => testConclusions(dialect, wanted, ended));
  describe('on a server without a readable status:', () => testConclusions(dialect, wanted, unreadableStatus));
  describe('with an earlier life:', () => testConclusions(dialect, wanted, earlierLives));
  describe('with an earlier turn that', () => testConclusions(dialect, wanted, earlierTurns));
  describe('that only has to accept events:', () => testConclusions(dialect, wanted, acceptingEvents));
});
