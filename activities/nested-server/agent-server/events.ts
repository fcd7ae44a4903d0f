import type { DesiredConversation } from '../dialect.js';
import { excerpt, property } from '../failures.js';
import { type AgentServerEvent, type AgentServerState, busyStates, isAskedForOurs } from './state.js';

/** Adds a page of events, in stream order. */
export function addEvents(
  state: AgentServerState,
  events: readonly AgentServerEvent[],
  desired: DesiredConversation,
): AgentServerState {
  return events
    .filter(({ id }) => id !== state.cursor)
    .reduce((known, event) => (known.isUndecided ? known : addEvent(known, event, desired)), state);
}

function addEvent(state: AgentServerState, event: AgentServerEvent, desired: DesiredConversation): AgentServerState {
  const next = { ...state, cursor: event.id };
  switch (event.kind) {
    case 'MessageEvent': {
      const isOurs = event.source === 'user' && state.message.is === 'sent' && desired.isOurMessage(textOf(event));
      if (isOurs === undefined) return { ...state, caughtUp: false, isUndecided: true };
      return isOurs ? { ...next, message: { is: 'stored', turn: turnFor(state.agent) } } : next;
    }
    case 'ConversationStateUpdateEvent':
      return event.key === 'execution_status' ? addAgent(next, excerpt(event.value)) : next;
    case 'ConversationErrorEvent':
      return addError(next, event);
    default:
      return next;
  }
}

/** Whose turn it is when our message arrives. */
function turnFor(agent: string): 'ours' | 'theirs' | 'after-theirs' {
  if (agent === 'unknown') return 'after-theirs';
  return busyStates.has(agent) ? 'theirs' : 'ours';
}

function addAgent(state: AgentServerState, agent: string): AgentServerState {
  const { message, life } = state;
  const next = { ...state, agent };
  if (message.is === 'stored') {
    // An agent that was working when the message arrived may end its run without taking it up.
    const hasEnded = message.turn === 'theirs' && !busyStates.has(agent);
    if (hasEnded) return { ...next, message: { ...message, turn: 'after-theirs' } };
    return message.turn === 'theirs' || agent !== 'running'
      ? next
      : { ...next, message: { is: 'taken-up', inLife: life.number } };
  }
  // The agent works again, so an earlier error does not count.
  return message.is === 'taken-up' && agent === 'running'
    ? { ...next, message: { is: 'taken-up', inLife: life.number } }
    : next;
}

/**
 * Before the agent has taken up our message, an error belongs to an earlier turn or to the conversation's title. But if
 * the agent was asked to run, it may be why it can't start.
 */
function addError(state: AgentServerState, { code, detail }: AgentServerEvent): AgentServerState {
  const { message } = state;
  if (message.is !== 'taken-up' && !(message.is === 'stored' && isAskedForOurs(state))) return state;
  const error = [excerpt(code), excerpt(detail)].filter(Boolean).join(': ') || 'the agent is in state error';
  return { ...state, message: { ...message, error } };
}

function textOf({ llm_message: message }: AgentServerEvent): string {
  const content = property(message, 'content');
  if (!Array.isArray(content)) return '';
  return content
    .map((part) => property(part, 'text'))
    .filter((text) => typeof text === 'string')
    .join('');
}
