import type { Conclusion, DesiredConversation, Goal } from '../dialect.js';
import { isFailurePending } from './events.js';
import { agentState, type OpenHandsState, patience } from './state.js';

/**
 * The requests that may be due: create the conversation or start it again, deliver the message, or make the agent take
 * it up (`wake`, then `point`).
 */
export type OpenHandsStep = 'create' | 'deliver' | 'wake' | 'point';

/**
 * The agent states of a ready conversation: working, or waiting for a person. The checks go on for any other state
 * (`paused`, `stopped`, `rejected`, or one of a later version) and report it.
 */
const readyStates: ReadonlySet<string> = new Set([
  'running',
  'rate_limited',
  'awaiting_user_input',
  'awaiting_user_confirmation',
  'user_confirmed',
  'user_rejected',
  'finished',
]);

/** The states of an agent that does nothing until it gets a message. */
const idleStates: ReadonlySet<string> = new Set(['awaiting_user_input', 'finished', 'error']);

/** The table in docs/readiness.md, from top to bottom. */
export function conclude(state: OpenHandsState, desired: DesiredConversation): Conclusion<OpenHandsStep> {
  const { status, loop, message } = state;
  const seen = describe(state);
  const wait = (more?: string): Conclusion<OpenHandsStep> => ({ kind: 'wait', seen: more ? `${seen}, ${more}` : seen });
  const send = (step: OpenHandsStep): Conclusion<OpenHandsStep> => ({ kind: 'send', step, seen });

  const over = endOf(state);
  if (over !== undefined) return { kind: 'fail', reason: over };
  if (loop.life === 'none' || isStopped(state)) return send('create');
  if (status.kind === 'absent' || isUnknown(state)) return wait();
  if (desired.readyWhen === 'accepting-events' && loop.life !== 'unproven' && isThere(message)) {
    return { kind: 'ready', status: nameOf(state) };
  }
  if (state.isUndecided) return { kind: 'compare', seen: `${seen}, with a message that may be its own` };
  // Unread events may hold the message, or a new life.
  if (!state.caughtUp) return wait(`reading its events, at ${state.cursor}`);
  // The answer to a create tells whether a loop is alive. If one is, the create changes nothing and drops the message.
  if (loop.life === 'unproven') return send('create');
  if (mayBeJoined(state)) return send('create');
  const agent = agentState(state);
  // While the status is STARTING, the newest state can still belong to the life before.
  if (agent === undefined || agent === 'loading' || isStarting(state)) return wait();

  switch (message.is) {
    case 'missing':
      if (desired.isReplay) {
        return { kind: 'fail', reason: 'it was already running, and a running conversation takes no replay' };
      }
      // A second report would make the agent drop the message.
      return isFailurePending(state) ? wait() : send('deliver');
    case 'sent':
      if (message.isAnswered) return wait(whyUnseen(message.by, desired));
      return message.unseen < patience ? wait('its message not in its events yet') : send('deliver');
    case 'stored': {
      const step = wakingStep(state, message);
      return step ? send(step) : wait('the message not taken up yet');
    }
  }
  if (mayHaveRestarted(state)) return wait();
  const isHeard = message.is === 'none' || message.wasHeard;
  if (!isHeard && isFailurePending(state)) return wait('the message just taken up');
  // The error of an earlier turn is not ours: the agent still takes the next message.
  const isReady = readyStates.has(agent) || (isHeard && agent === 'error');
  return isReady ? { kind: 'ready', status: nameOf(state) } : wait();
}

/** Why the conversation can no longer become ready. */
function endOf({ status, loop }: OpenHandsState): string | undefined {
  if (status.kind === 'told' && (status.value === 'ERROR' || status.value === 'ARCHIVED')) {
    return [status.value, status.runtime].filter(Boolean).join(' ');
  }
  if (loop.life !== 'live' || loop.agent.state !== 'error' || !loop.agent.isOurs) return undefined;
  return loop.agent.reason || 'the agent is in state error';
}

function isStopped({ status }: OpenHandsState): boolean {
  return status.kind === 'told' && status.value === 'STOPPED' && !status.isDenied;
}

/**
 * The status was readable before and is not now: the server may have restarted, and its old events would prove nothing.
 */
function mayHaveRestarted({ status }: OpenHandsState): boolean {
  if (status.kind !== 'unreadable' && status.kind !== 'late') return false;
  if (status.life !== undefined) return status.life === 'unanswered';
  return status.kind === 'unreadable' && status.wasTold;
}

/**
 * Whether the running loop may be one from before this start: it adds no events, and our create was never answered. The
 * answer to another create shows which it is.
 */
function mayBeJoined({ loop, status, message, before, isStill }: OpenHandsState): boolean {
  const isUnanswered = message.is === 'none' || (message.is === 'sent' && !message.isAnswered);
  return loop.life === 'started' && isAlive(status) && isUnanswered && before !== undefined && isStill;
}

function isAlive(status: OpenHandsState['status']): boolean {
  if (status.kind === 'told') return status.value === 'RUNNING' || status.isDenied === true;
  return status.kind !== 'absent' && status.life === 'alive';
}

/** A status of a later version. */
function isUnknown({ status }: OpenHandsState): boolean {
  return status.kind === 'told' && !['STARTING', 'RUNNING', 'STOPPED'].includes(status.value);
}

function isStarting({ status }: OpenHandsState): boolean {
  return status.kind === 'told' && status.value === 'STARTING';
}

function isThere({ is }: OpenHandsState['message']): boolean {
  return is === 'none' || is === 'stored' || is === 'taken-up';
}

/** Makes the agent take up a message that it does not know of or has passed over. */
function wakingStep(
  { loop, isStill }: OpenHandsState,
  message: Extract<OpenHandsState['message'], { is: 'stored' }>,
): OpenHandsStep | undefined {
  if (loop.life !== 'live') return undefined;
  const isOfEarlierLife = message.id < loop.since;
  // The agent has read the message, waits, and no event follows: it considers the message answered, or has dropped it.
  const isPassedOver = message.isRecalled && idleStates.has(loop.agent.state) && isStill;
  switch (message.waking) {
    case 'no':
      return isOfEarlierLife || isPassedOver ? 'wake' : undefined;
    case 'awake':
      return 'point';
    default:
      return undefined;
  }
}

/** The server accepted the message but does not show it. It is not sent again, because it may be there. */
function whyUnseen(by: 'create' | 'deliver', { hasImages }: Goal): string {
  const reason =
    hasImages && by === 'deliver' ? ': the server drops a message with images if the model has no vision' : '';
  return `its message accepted, but not in its events${reason}`;
}

/** The server's name for a ready conversation's status. */
function nameOf(state: OpenHandsState): string {
  const { status } = state;
  return status.kind === 'told' && !status.isDenied ? status.value : (agentState(state) ?? status.kind);
}

/** Shown to people while they wait. */
function describe(state: OpenHandsState): string {
  const { status, loop } = state;
  const agent = agentState(state) ?? (loop.life === 'none' ? 'gone' : 'not started');
  return `${status.kind === 'told' ? status.value : status.kind} (agent ${agent})`;
}
