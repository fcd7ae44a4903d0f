import type { Conclusion, DesiredConversation, Goal } from '../dialect.js';
import {
  type AgentServerState,
  busyStates,
  isAskedForOurs,
  longPatience,
  type Message,
  patience,
  restStates,
} from './state.js';

/**
 * The requests that may be due: create the conversation, deliver the message, ask the agent to run. A finished agent
 * does not run on request; an empty message (`nudge`) makes it look at messages that it has passed over.
 */
export type AgentServerStep = 'create' | 'deliver' | 'run' | 'nudge';

/** The agent works on the message, waits for a person to confirm a step, or has answered it. */
const atWork: ReadonlySet<string> = new Set(['running', 'waiting_for_confirmation', 'finished']);

/** Without a message, any agent at rest is ready: it takes the next message. */
const readyWithoutMessage: ReadonlySet<string> = new Set([...atWork, ...restStates]);

/** The table in docs/readiness.md, from top to bottom. */
export function conclude(state: AgentServerState, desired: DesiredConversation): Conclusion<AgentServerStep> {
  const { status, message, still } = state;
  const seen = describe(state, desired);
  const wait: Conclusion<AgentServerStep> = { kind: 'wait', seen };
  const send = (step: AgentServerStep): Conclusion<AgentServerStep> => ({ kind: 'send', step, seen });
  const isSettled = still >= patience;

  // Another host of the server may still hold the conversation.
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
      // A message sent now would confirm the step in the person's place.
      if (value === 'waiting_for_confirmation') return wait;
      // The best time is between two turns: then it is clear which turn is ours, and the agent does not pass over the
      // message.
      return value === 'running' && still < (state.mayPassOver ? longPatience : patience) ? wait : send('deliver');
    case 'sent':
      // While the agent uses a tool, the server does not store the message. That can take any amount of time.
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

/** Whether the events can be trusted while the status is late: the server may have restarted since. */
function isUndisturbed({ status, life, message }: AgentServerState): boolean {
  if (status.kind === 'told') return true;
  return life.laterBoots === 0 && message.is === 'taken-up' && message.inLife === life.number;
}

function newestStatus({ status, agent }: AgentServerState): string {
  return status.kind === 'told' ? status.value : agent;
}

/**
 * Why the conversation can no longer become ready. What the agent did before it took up our message does not count.
 */
function endOf(state: AgentServerState): string | undefined {
  const { status, message, still, life } = state;
  if (status.kind !== 'told') return undefined;
  if (status.value === 'deleting') return 'it is being deleted';
  if (message.is === 'stored') return canNotStart(state) ? message.error : undefined;
  if (message.is !== 'taken-up') return undefined;
  if (status.value === 'stuck') return 'the agent is stuck';
  if (status.value !== 'error') return undefined;
  // A kill leaves an error without an event to explain it. Without a restart, the event can be late.
  const isOfThisLife = life.boot !== undefined && message.inLife === life.number && life.laterBoots === 0;
  return message.error ?? (isOfThisLife && still >= patience ? 'the agent is in state error' : undefined);
}

/** Whether the agent was asked to run, and failed before it could take up the message. */
function canNotStart(state: AgentServerState): boolean {
  const { status, still } = state;
  return isAskedForOurs(state) && status.kind === 'told' && status.value === 'error' && still >= patience;
}

/**
 * Each request to run is one of the `maximumCreates` rounds of the workflow, and a restart of the server may need the
 * last one.
 */
const maximumRefusals = 2;

/** Whether a run request is due: none was made since the last restart, or one was refused some time ago. */
function mayRun({ run, life, still }: AgentServerState): boolean {
  if (run.is === 'not-asked' || run.inLife !== life.number) return true;
  return run.is === 'refused' && still >= longPatience && (run.times ?? 1) < maximumRefusals;
}

function hasRestarted({ life }: AgentServerState): boolean {
  return life.number > 0;
}

/** Whether a restart has ended the agent's work on the message. If the server tells no boot time, this is a guess. */
function wasInterrupted(
  { life, still, status }: AgentServerState,
  message: Extract<Message, { is: 'taken-up' }>,
): boolean {
  if (life.boot !== undefined) return message.inLife !== life.number;
  return still >= patience && status.kind === 'told' && status.value !== 'idle';
}

/** Shown to people while they wait. */
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
    case 'stored': {
      if (message.turn === 'theirs') return `${value} on an earlier message, its own not taken up yet`;
      const error = message.error === undefined ? '' : `: ${message.error}`;
      return `${value}, its message not taken up yet${refusal}${error}`;
    }
    default:
      return `${value}${refusal}`;
  }
}
