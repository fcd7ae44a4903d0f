import type { Conclusion, DesiredConversation, Goal } from '../dialect.js';
import { type AgentServerState, busyStates, longPatience, type Message, patience, restStates } from './state.js';

/**
 * What may be sent: create the conversation, hand over the message, ask the agent to run. One that has finished does not
 * run on request; an empty message makes it look at those that it has passed over.
 */
export type AgentServerStep = 'create' | 'deliver' | 'run' | 'nudge';

/** The agent is at work on the message, waits for a person to confirm a step of it, or has answered it. */
const atWork: ReadonlySet<string> = new Set(['running', 'waiting_for_confirmation', 'finished']);

/** Without a message, an agent at rest is as ready as it can be: whatever it rests from, it takes the next one. */
const readyWithoutMessage: ReadonlySet<string> = new Set([...atWork, ...restStates]);

/** The table of docs/readiness.md, from top to bottom. */
export function conclude(state: AgentServerState, desired: DesiredConversation): Conclusion<AgentServerStep> {
  const { status, message, still } = state;
  const seen = describe(state, desired);
  const wait: Conclusion<AgentServerStep> = { kind: 'wait', seen };
  const send = (step: AgentServerStep): Conclusion<AgentServerStep> => ({ kind: 'send', step, seen });
  const isSettled = still >= patience;

  // Another host of the server may still hold it.
  if (status.kind === 'absent') return isSettled || !state.isCreated ? send('create') : wait;
  const over = endOf(state);
  if (over !== undefined) return { kind: 'fail', reason: over };
  const value = newestStatus(state);
  const isThere = message.is === 'none' || message.is === 'stored' || message.is === 'taken-up';
  if (desired.readyWhen === 'accepting-events' && isThere) return { kind: 'ready', status: value };
  if (state.isUndecided) return { kind: 'compare', seen: `${seen}, with a message that may be its own` };
  if (!state.caughtUp) return wait;
  if (message.is === 'none' && readyWithoutMessage.has(value)) return { kind: 'ready', status: value };
  if (message.is === 'taken-up' && atWork.has(value) && isUndisturbed(state)) return { kind: 'ready', status: value };
  if (status.kind === 'late') return wait;

  switch (message.is) {
    case 'missing':
      // A message that comes now would confirm what a person has not.
      if (value === 'waiting_for_confirmation') return wait;
      // Best between two turns: then it is plain which turn is ours, and the agent does not pass over the message.
      return value === 'running' && still < (state.mayPassOver ? longPatience : patience) ? wait : send('deliver');
    case 'sent':
      // While the agent uses a tool, a message waits to be stored, however long that takes.
      return !message.isAnswered && isSettled && !busyStates.has(value) ? send('deliver') : wait;
    case 'stored':
      if (!restStates.has(value)) return wait;
      if (mayRun(state)) return isSettled || hasRestarted(state) ? send('run') : wait;
      return state.run.is === 'asked' && value === 'finished' && isSettled ? send('nudge') : wait;
    case 'taken-up':
      return restStates.has(value) && mayRun(state) && wasInterrupted(state, message) ? send('run') : wait;
    case 'none':
      return wait;
  }
}

/** Whether the events can be relied on where the status is late: the server may have restarted since. */
function isUndisturbed({ status, life, message }: AgentServerState): boolean {
  if (status.kind === 'told') return true;
  return life.laterBoots === 0 && message.is === 'taken-up' && message.inLife === life.number;
}

/** The newest `execution_status` that is known. */
function newestStatus({ status, agent }: AgentServerState): string {
  return status.kind === 'told' ? status.value : agent;
}

/** Why the conversation can't become ready any more. What an agent did before it took our message up is no reason. */
function endOf({ status, message, still, life }: AgentServerState): string | undefined {
  if (status.kind !== 'told') return undefined;
  if (status.value === 'deleting') return 'it is being deleted';
  if (message.is !== 'taken-up') return undefined;
  if (status.value === 'stuck') return 'the agent is stuck';
  if (status.value !== 'error') return undefined;
  // A kill leaves an error that no event explains. In one life, an error's text can be late.
  const isOfThisLife = life.boot !== undefined && message.inLife === life.number && life.laterBoots === 0;
  return message.error ?? (isOfThisLife && still >= patience ? 'the agent is in state error' : undefined);
}

/** Whether the agent was not asked to run in this life of the server; where that was refused, after a while again. */
function mayRun({ run, life, still }: AgentServerState): boolean {
  if (run.is === 'not-asked' || run.inLife !== life.number) return true;
  return run.is === 'refused' && still >= patience;
}

function hasRestarted({ life }: AgentServerState): boolean {
  return life.number > 0;
}

/** A restart has ended the agent's work on the message; where the server does not tell, what looks like one. */
function wasInterrupted(
  { life, still, status }: AgentServerState,
  message: Extract<Message, { is: 'taken-up' }>,
): boolean {
  if (life.boot !== undefined) return message.inLife !== life.number;
  return still >= patience && status.kind === 'told' && status.value !== 'idle';
}

/** What a person reads while waiting. */
function describe(state: AgentServerState, { hasImages }: Goal): string {
  const { status, message, run, life, agent } = state;
  if (status.kind === 'absent') return 'absent';
  const value = status.kind === 'told' ? status.value : `status late (agent ${agent})`;
  const refusal = run.is === 'refused' && run.inLife === life.number ? `, POST …/run refused with ${run.reason}` : '';
  const images = hasImages ? ': the server may have dropped it for its images' : '';
  if (!state.caughtUp) return `${value}, reading its events`;
  switch (message.is) {
    case 'missing':
      return `${value}, without its message`;
    case 'sent':
      return message.isAnswered
        ? `${value}, its message accepted, but not in its events${images}`
        : `${value}, its message not in its events yet`;
    case 'stored':
      return message.turn === 'theirs'
        ? `${value} on an earlier message, its own not taken up yet`
        : `${value}, its message not taken up yet${refusal}`;
    default:
      return `${value}${refusal}`;
  }
}
