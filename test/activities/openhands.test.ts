import { describe } from 'node:test';
import type { Goal } from '../../activities/nested-server/dialect.js';
import { messageDigest } from '../../activities/nested-server/message-digest.js';
import {
  addEvent,
  type OpenHandsEvent,
  type OpenHandsEvidence,
  openhands,
} from '../../activities/nested-server/openhands.js';
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
} from '../nested-server/openhands-events.js';
import { type DialectRow, testConclusions } from './dialect-table.js';

const ours = userMessage('Fix the build', []);
const goal: Goal = {
  sid: 'conv',
  messageDigest: messageDigest('Fix the build'),
  isReplay: false,
  readyWhen: 'agent-started',
};
const replay: Goal = { ...goal, isReplay: true };
const { messageDigest: _, ...noMessage } = goal;
const weaker: Goal = { ...goal, readyWhen: 'accepting-events' };
const weakerNoMessage: Goal = { ...noMessage, readyWhen: 'accepting-events' };

const loading = agentStateChanged('loading');
const running = agentStateChanged('running');
const awaiting = agentStateChanged('awaiting_user_input');
const error = agentStateChanged('error', 'STATUS$ERROR_LLM_AUTHENTICATION');
const askedToRun = changeAgentState('user', 'running');

/** A first life, up to where the agent has the message. */
const begun = [
  loading,
  systemMessage(),
  ours,
  changeAgentState('environment', 'running'),
  recallAction('…', 'knowledge'),
];
const atWork = [...begun, running, recallObservation(4)];
const answered = [...atWork, agentMessage('Done.'), awaiting];
/** A life after a restart, without a message. */
const idleAgain = [loading, changeAgentState('environment', 'awaiting_user_input'), awaiting];

/** What a server shows after a POST that it accepted. */
function accepted(status: string, events: NewEvent[], known: Partial<OpenHandsEvidence> = {}, of = goal) {
  return seen(status, events, { accepted: true, ...known }, of);
}

/** What a server shows of the conversation beyond the watermark. */
function seen(status: string, events: NewEvent[], known: Partial<OpenHandsEvidence> = {}, of = goal) {
  const { watermark = -1 } = known;
  const start: OpenHandsEvidence = { watermark, cursor: watermark, caughtUp: true, status, ...known };
  const stored = events.map((event, index) => ({ ...event, id: watermark + 1 + index }) as OpenHandsEvent);
  return stored.reduce((evidence, event) => addEvent(evidence, event, of), start);
}

/** A stream of an earlier life that ends at event 8, and of a loop that is alive still. */
const old = { watermark: 8 };
const alive = (state: string) => ({ ...old, agent: { id: 8, state, reason: '' } });

const rejectedKey = 'STATUS$ERROR_LLM_AUTHENTICATION';

const table: DialectRow<OpenHandsEvidence>[] = [
  ['never posted', seen('absent', []), 'post', 'pending: absent (agent not started)'],
  ['refused at create', seen('STOPPED', []), 'post', 'incomplete: STOPPED (agent not started)'],
  ['accepted, not there yet', accepted('absent', []), 'post', 'pending: absent (agent not started)'],
  ['accepted, not a single event', accepted('STARTING', []), 'done', 'pending: STARTING (agent not started)'],
  ['loading', accepted('STARTING', [loading]), 'done', 'pending: STARTING (agent loading)'],
  ['loading for ever, called RUNNING', accepted('RUNNING', [loading]), 'done', 'pending: RUNNING (agent loading)'],
  ['a dead replay', accepted('RUNNING', [loading], {}, replay), 'done', 'pending: RUNNING (agent loading)', replay],
  ['started, status behind', accepted('STARTING', atWork), 'done', 'pending: STARTING (agent running)'],
  ['at work', accepted('RUNNING', atWork), 'done', 'ready: RUNNING'],
  ['answered', accepted('RUNNING', answered), 'done', 'ready: RUNNING'],
  ['started without a message', accepted('RUNNING', idleAgain, {}, noMessage), 'done', 'ready: RUNNING', noMessage],
  [
    'started, its stream not read to the end',
    accepted('RUNNING', atWork, { caughtUp: false }),
    'done',
    'pending: RUNNING (agent running), reading its events, at 6',
  ],

  ['restarted since, nothing stored', accepted('STOPPED', []), 'post', 'incomplete: STOPPED (agent not started)'],
  ['restarted while loading', accepted('STOPPED', [loading]), 'post', 'incomplete: STOPPED (agent loading)'],
  ['restarted at work', accepted('STOPPED', atWork), 'post-without-message', 'incomplete: STOPPED (agent running)'],
  [
    'evicted',
    accepted('STOPPED', [...answered, agentStateChanged('stopped')]),
    'post-without-message',
    'incomplete: STOPPED (agent stopped)',
  ],
  [
    'restarted, no message meant',
    accepted('STOPPED', idleAgain),
    'post',
    'incomplete: STOPPED (agent awaiting_user_input)',
    noMessage,
  ],

  ['status unreadable, at work', accepted('unreadable', atWork), 'done', 'ready: running'],
  [
    'status unreadable, though it was told before',
    accepted('unreadable', atWork, { tellsStatus: true }),
    'done',
    'pending: unreadable (agent running)',
  ],
  [
    'STARTING, with the last word of a life before',
    accepted('STARTING', [agentStateChanged('stopped')], old),
    'done',
    'pending: STARTING (agent stopped)',
  ],
  ['status unreadable, loading', accepted('unreadable', [loading]), 'done', 'pending: unreadable (agent loading)'],
  ['status unreadable, no events', accepted('unreadable', []), 'done', 'pending: unreadable (agent not started)'],
  ['status unreadable, never posted', seen('unreadable', []), 'post', 'incomplete: unreadable (agent not started)'],
  ['status unreadable, an answer lost', seen('unreadable', atWork), 'done', 'ready: running'],
  [
    'status unreadable, evicted',
    accepted('unreadable', [...answered, agentStateChanged('stopped')]),
    'post-without-message',
    'incomplete: unreadable (agent stopped)',
  ],

  ['an earlier life', seen('STOPPED', [], old), 'post', 'incomplete: STOPPED (agent not started)'],
  ['an earlier life, posted', accepted('RUNNING', [], old), 'done', 'pending: RUNNING (agent not started)'],
  ['an earlier life, loading again', accepted('RUNNING', [loading], old), 'done', 'pending: RUNNING (agent loading)'],
  ['an earlier life, at work again', accepted('RUNNING', atWork, old), 'done', 'ready: RUNNING'],

  [
    'alive',
    seen('RUNNING', [], alive('awaiting_user_input')),
    'deliver',
    'incomplete: RUNNING (agent awaiting_user_input)',
  ],
  [
    'alive again after it had ended, not loading yet',
    accepted('RUNNING', [], { ...alive('awaiting_user_input'), pastId: 8 }),
    'done',
    'pending: RUNNING (agent not started)',
  ],
  [
    'alive now, and nobody knows since when',
    seen('RUNNING', [], { ...old, formerAgent: alive('awaiting_user_input').agent }),
    'post',
    'incomplete: RUNNING (agent not started)',
  ],
  ['alive and busy', seen('RUNNING', [], alive('busy')), 'deliver', 'incomplete: RUNNING (agent busy)'],
  ['alive and loading', seen('RUNNING', [], alive('loading')), 'done', 'pending: RUNNING (agent loading)'],
  [
    'alive, in error before this start',
    seen('RUNNING', [], alive('error')),
    'deliver',
    'incomplete: RUNNING (agent error)',
  ],
  ['alive, no message meant', seen('RUNNING', [], alive('running')), 'done', 'ready: RUNNING', noMessage],
  [
    "alive, with somebody else's message",
    seen('RUNNING', [userMessage('Hi', [])], alive('running')),
    'deliver',
    'incomplete: RUNNING (agent running)',
  ],
  [
    'alive, delivered, not taken up',
    seen('RUNNING', [ours], alive('awaiting_user_input')),
    'done',
    'pending: RUNNING (agent awaiting_user_input), the message not taken up yet',
  ],
  ['alive, delivered to an agent at work', seen('RUNNING', [ours], alive('running')), 'done', 'ready: RUNNING'],
  [
    'alive, delivered, taken up',
    seen('RUNNING', [ours, running], alive('awaiting_user_input')),
    'done',
    'ready: RUNNING',
  ],
  [
    'alive, and the message is that of a replay',
    seen('RUNNING', [], alive('running'), replay),
    { fail: 'it was running already, and a running conversation takes no replay' },
    'incomplete: RUNNING (agent running)',
    replay,
  ],

  [
    'unheard before a restart, loading',
    accepted('RUNNING', [...atWork, loading]),
    'done',
    'pending: RUNNING (agent loading)',
  ],
  [
    'unheard before a restart',
    accepted('RUNNING', [...atWork, ...idleAgain]),
    'wake',
    'incomplete: RUNNING (agent awaiting_user_input)',
  ],
  [
    'woken',
    accepted('RUNNING', [...atWork, ...idleAgain, askedToRun, running]),
    'nudge',
    'incomplete: RUNNING (agent running)',
  ],
  [
    'woken and pointed to the message',
    accepted('RUNNING', [...atWork, ...idleAgain, askedToRun, running, nullObservation('user', 4)]),
    'done',
    'ready: RUNNING',
  ],
  [
    'woken, then restarted again',
    accepted('RUNNING', [...atWork, ...idleAgain, askedToRun, running, nullObservation('user', 4), ...idleAgain]),
    'wake',
    'incomplete: RUNNING (agent awaiting_user_input)',
  ],
  ['answered before a restart', accepted('RUNNING', [...answered, ...idleAgain]), 'done', 'ready: RUNNING'],

  ['in error', accepted('RUNNING', [...atWork, error]), { fail: rejectedKey }, `failed: ${rejectedKey}`],
  [
    'in error without a reason',
    accepted('RUNNING', [...atWork, agentStateChanged('error')]),
    { fail: 'the agent is in state error' },
    'failed: the agent is in state error',
  ],
  ['in error, and alive again since', accepted('RUNNING', [...atWork, error, running]), 'done', 'ready: RUNNING'],
  ['in error, status unreadable', accepted('unreadable', [error]), { fail: rejectedKey }, `failed: ${rejectedKey}`],
  ['ERROR', accepted('ERROR', atWork), { fail: 'ERROR' }, 'failed: ERROR'],
  ['ARCHIVED', seen('ARCHIVED', []), { fail: 'ARCHIVED' }, 'failed: ARCHIVED'],
  [
    'ERROR with a runtime status',
    accepted('ERROR', [], { runtimeStatus: 'STATUS$ERROR_RUNTIME_DISCONNECTED' }),
    { fail: 'ERROR STATUS$ERROR_RUNTIME_DISCONNECTED' },
    'failed: ERROR STATUS$ERROR_RUNTIME_DISCONNECTED',
  ],

  ['accepting events, no message wanted', accepted('STARTING', []), 'done', 'ready: STARTING', weakerNoMessage],
  [
    'accepting events, without ours',
    accepted('RUNNING', [loading]),
    'done',
    'pending: RUNNING (agent loading)',
    weaker,
  ],
  ['accepting events, with ours', accepted('RUNNING', [loading, ours]), 'done', 'ready: RUNNING', weaker],
  ['accepting no events: absent', accepted('absent', []), 'post', 'pending: absent (agent not started)', weaker],
  [
    'accepting no events: stopped',
    accepted('STOPPED', atWork),
    'post-without-message',
    'incomplete: STOPPED (agent running)',
    weaker,
  ],
  ['accepting events, in error', accepted('RUNNING', [error]), { fail: rejectedKey }, `failed: ${rejectedKey}`, weaker],

  [
    'a message in which the server has hidden a secret',
    accepted('RUNNING', [loading, userMessage('Log in with <secret_hidden>', []), running]),
    'done',
    'ready: RUNNING',
  ],
];

describe('a conversation of openhands that is', () => {
  testConclusions(openhands, goal, table);
});
