import type { DesiredConversation } from '../dialect.js';
import { type Boot, isBefore, type ServerInfo } from '../server-info.js';
import type { AgentServerStep } from './conclude.js';
import { type AgentServerState, type Life, type Message, restStates, type Status } from './state.js';

/** The first version seen to take up a message that joins a running turn. Version 1.40 was seen to pass over it. */
const takesUpFrom = '1.58';

/** The state before this start has sent anything. */
export function stateAt(
  { messageDigest }: DesiredConversation,
  newestId: string | undefined,
  status: Status,
  info: Pick<ServerInfo, 'version' | 'boot'> | undefined,
): AgentServerState {
  return {
    ...(newestId !== undefined && { cursor: newestId }),
    caughtUp: true,
    still: 0,
    status,
    isCreated: status.kind !== 'absent',
    agent: status.kind === 'told' ? status.value : newestId === undefined ? 'idle' : 'unknown',
    message: { is: messageDigest === undefined ? 'none' : 'missing' },
    mayPassOver: info !== undefined && isBefore(info.version, takesUpFrom),
    run: { is: 'not-asked' },
    life: { number: 0, laterBoots: 0, ...(info && { boot: info.boot }) },
  };
}

/** The server does not serve the conversation's events: they may be gone, or on another host. */
export function addAbsence(state: AgentServerState): AgentServerState {
  return { ...state, caughtUp: true, status: { kind: 'absent' } };
}

/** The server has a new stream for the conversation: a create made it again, with the message. */
export function forgetStream({ cursor: _, ...state }: AgentServerState): AgentServerState {
  const { message } = state;
  const isThere = message.is === 'stored' || message.is === 'taken-up';
  return {
    ...state,
    agent: 'idle',
    message: isThere ? { is: 'sent', isAnswered: false, isRepeated: true } : message,
  };
}

/** Adds the status, which is newer than the events that were read. */
export function addStatus(state: AgentServerState, status: Status): AgentServerState {
  const { message, life } = state;
  // Once the message was sent, its place in the stream shows whether the agent was working when it arrived.
  const agent = status.kind === 'told' && message.is === 'missing' ? status.value : state.agent;
  const next: AgentServerState = { ...state, status, agent, isCreated: true };
  if (status.kind !== 'told' || message.is !== 'stored') return next;
  const { value } = status;
  if (message.turn === 'theirs') {
    return restStates.has(value) ? { ...next, message: { ...message, turn: 'after-theirs' } } : next;
  }
  // An agent that was at rest when our message arrived now works on it. A finished agent has read it.
  const isAtWork =
    value === 'running' || (message.turn === 'ours' && (value === 'finished' || value === 'waiting_for_confirmation'));
  return isAtWork ? { ...next, message: { is: 'taken-up', inLife: life.number } } : next;
}

/** Adds the time at which the server's process started. */
export function addBoot(state: AgentServerState, boot: Boot | undefined): AgentServerState {
  return boot ? { ...state, life: lifeWith(state.life, boot) } : state;
}

/**
 * Two later boot times in a row prove a restart. A single one does not: several processes can share a port and take
 * turns.
 */
function lifeWith(life: Life, boot: Boot): Life {
  const { number, laterBoots } = life;
  // A boot time first learned now could be that of a later process.
  if (life.boot === undefined) return life;
  if (boot.earliest <= life.boot.latest) return { ...life, laterBoots: 0 };
  return laterBoots > 0 ? { number: number + 1, laterBoots: 0, boot } : { ...life, laterBoots: laterBoots + 1 };
}

/** The state to checkpoint before a step. From then on, the step's message may appear in the stream. */
export function intend(step: AgentServerStep, state: AgentServerState): AgentServerState {
  const { message } = state;
  // If the create finds an existing conversation, what is known of the message still holds.
  if (step === 'run' || step === 'nudge' || (message.is !== 'missing' && message.is !== 'sent')) return state;
  return { ...state, message: { is: 'sent', isAnswered: false, isRepeated: message.is !== 'missing' } };
}

/** Adds the answer to a create: it made the conversation, or it found one and dropped the message. */
export function addCreated(state: AgentServerState, isNew: boolean): AgentServerState {
  const known = { ...state, still: 0, isCreated: true };
  const next = isNew ? forgetStream(known) : known;
  if (next.message.is !== 'sent') return next;
  // This create did not carry the message. The events show whether it is there.
  if (next.message.isRepeated) return next;
  return { ...next, message: isNew ? { ...next.message, isAnswered: true } : { is: 'missing' } };
}

/** The server has accepted the message. */
export function addDelivered(state: AgentServerState): AgentServerState {
  const message: Message = state.message.is === 'sent' ? { ...state.message, isAnswered: true } : state.message;
  return { ...state, still: 0, message };
}

/** The server has accepted the empty message. */
export function addNudged(state: AgentServerState): AgentServerState {
  return { ...state, still: 0, run: { is: 'nudged', inLife: state.life.number } };
}

/** The server has agreed to run the agent, or has said why not. */
export function addAsked(state: AgentServerState, refusal?: string): AgentServerState {
  const { message, life, run } = state;
  const inLife = life.number;
  const timesBefore = run.is === 'refused' && run.inLife === inLife ? (run.times ?? 1) : 0;
  return {
    ...state,
    still: 0,
    run:
      refusal === undefined
        ? { is: 'asked', inLife }
        : { is: 'refused', inLife, reason: refusal, times: timesBefore + 1 },
    ...(message.is === 'stored' && refusal === undefined && { message: { is: 'stored', turn: 'after-theirs' } }),
  };
}
