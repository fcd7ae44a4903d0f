import type { DesiredConversation } from '../dialect.js';
import type { OpenHandsStep } from './conclude.js';
import { agentOf, unanswered } from './events.js';
import {
  agentState,
  type Loop,
  type Message,
  type OpenHandsEvent,
  type OpenHandsState,
  type Status,
  waitingStates,
} from './state.js';

/** The state before this start has sent anything. */
export function stateAt(
  { messageDigest }: DesiredConversation,
  newestFirst: readonly OpenHandsEvent[],
  status: Status,
): OpenHandsState {
  const watermark = newestFirst[0]?.id ?? -1;
  const before = newestFirst.map((event) => agentOf(event, false)).find((agent) => agent !== undefined);
  return addStatus(
    {
      watermark,
      cursor: watermark,
      caughtUp: true,
      isStill: false,
      status,
      loop: { life: watermark < 0 ? 'none' : 'unproven' },
      message: { is: messageDigest === undefined ? 'none' : 'missing' },
      // If the agent's last change of state is pages ago, it is busy and has long left `loading`.
      ...(watermark >= 0 && { before: before ?? { id: watermark, state: 'running', reason: '', isOurs: false } }),
    },
    status,
  );
}

/** Adds the status, or that it could not be read. */
export function addStatus(state: OpenHandsState, status: Status): OpenHandsState {
  const next = { ...state, status };
  const isUp = status.kind === 'told' && (status.value === 'RUNNING' || status.value === 'STARTING');
  if (isUp && state.loop.life === 'unproven') return { ...next, loop: foundAlive(state) };
  // A create whose answer was lost did reach the server.
  if (isUp && state.loop.life === 'none') return { ...next, loop: { life: 'started' } };
  // If nothing was sent yet, a status without a loop is final: the server is not about to change it.
  const isGone = status.kind === 'absent' || (status.kind === 'told' && status.value === 'STOPPED');
  return isGone && state.loop.life === 'unproven' ? { ...next, loop: { life: 'none' } } : next;
}

/** Adds whether the loop is alive. */
export function addLife(state: OpenHandsState, isAlive: boolean): OpenHandsState {
  const { status, loop, message } = state;
  if (!isAlive) {
    return { ...state, loop: { life: 'none' }, ...(message.is === 'sent' && { message: unanswered(message) }) };
  }
  const alive = {
    ...state,
    ...(status.kind === 'told' && { status: { ...status, isDenied: true as const } }),
    ...((status.kind === 'unreadable' || status.kind === 'late') && { status: { ...status, life: 'alive' as const } }),
  };
  if (loop.life === 'unproven') return { ...alive, loop: foundAlive(state) };
  return loop.life === 'none' ? { ...alive, loop: { life: 'started' } } : alive;
}

/** The server did not answer whether the loop is alive, although servers of its kind usually do. */
export function addLifeUnanswered(state: OpenHandsState): OpenHandsState {
  const { status } = state;
  return status.kind === 'unreadable' || status.kind === 'late'
    ? { ...state, status: { ...status, life: 'unanswered' } }
    : state;
}

/** The server no longer knows the conversation. Its next event stream starts from the beginning. */
export function forgetStream({ before: _, ...state }: OpenHandsState): OpenHandsState {
  const { message } = state;
  // If the server finds the conversation again, the message may be there.
  const lost: Message =
    message.is === 'none' || message.is === 'missing'
      ? message
      : { is: 'sent', by: 'create', after: -1, lastAfter: -1, isAnswered: false, isRepeated: true, unseen: 0 };
  return { ...state, watermark: -1, cursor: -1, caughtUp: true, isStill: false, message: lost };
}

/** A loop of which nothing was known. If a create was not answered, it may have begun it. */
function foundAlive(state: OpenHandsState): Loop {
  const { message } = state;
  const mayBeBegun = message.is === 'sent' && message.by === 'create' && !message.isAnswered;
  return mayBeBegun ? { life: 'started' } : joined(state);
}

/** A loop that was alive before this start. */
function joined({ before, watermark }: OpenHandsState): Loop {
  if (!before) return { life: 'started' };
  return { life: 'live', since: watermark, agent: before, turn: waitingStates.has(before.state) ? 'none' : 'theirs' };
}

/** The state to checkpoint before a step. From then on, the step's message may appear in the stream. */
export function intend(step: OpenHandsStep, state: OpenHandsState): OpenHandsState {
  const { message, cursor } = state;
  if (step !== 'create' && step !== 'deliver') return state;
  if (message.is === 'missing') {
    const sent = { after: cursor, lastAfter: cursor, isAnswered: false, isRepeated: false, unseen: 0 };
    return { ...state, message: { is: 'sent', by: step, ...sent } };
  }
  if (message.is !== 'sent') return state;
  return {
    ...state,
    message: { ...message, by: step, lastAfter: cursor, isAnswered: false, isRepeated: true, unseen: 0 },
  };
}

/** Adds the answer to a create: it began a life, or it found a live loop and dropped the message. */
export function addCreated(state: OpenHandsState, isNewLife: boolean): OpenHandsState {
  const { loop, message } = state;
  if (isNewLife) {
    return {
      ...state,
      loop: { life: 'started' },
      ...(message.is === 'sent' && { message: { ...message, isAnswered: true } }),
    };
  }
  const isKnown = loop.life === 'live';
  const isDropped = message.is === 'sent' && !message.isRepeated;
  return { ...state, ...(!isKnown && { loop: joined(state) }), ...(isDropped && { message: { is: 'missing' } }) };
}

/** The loop has accepted an event. */
export function addAccepted(step: Exclude<OpenHandsStep, 'create'>, state: OpenHandsState): OpenHandsState {
  const { message } = state;
  if (step === 'deliver') {
    return message.is === 'sent' ? { ...state, message: { ...message, isAnswered: true } } : state;
  }
  if (message.is !== 'stored') return state;
  if (step === 'wake') return { ...state, message: { ...message, waking: 'asked' } };
  const { waking: _, ...stored } = message;
  return agentState(state) === 'running'
    ? { ...state, message: { ...stored, is: 'taken-up', wasHeard: false } }
    : { ...state, message: { ...message, waking: 'pointed' } };
}
