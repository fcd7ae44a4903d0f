import type { DesiredConversation } from '../dialect.js';
import { excerpt, property } from '../failures.js';
import {
  type Agent,
  agentState,
  type OpenHandsEvent,
  type OpenHandsState,
  type SentMessage,
  waitingStates,
} from './state.js';

/** Adds a page of events. Events up to the cursor are already known. */
export function addEvents(
  state: OpenHandsState,
  events: readonly OpenHandsEvent[],
  desired: DesiredConversation,
): OpenHandsState {
  return events
    .filter(({ id }) => id > state.cursor)
    .sort((one, other) => one.id - other.id)
    .reduce(
      (known, event) => (known.isUndecided || event.id <= known.cursor ? known : addEvent(known, event, desired)),
      state,
    );
}

/**
 * Skips the next event, which is too large to read. Of the events that count, only a replay's message is unbounded, and
 * it is the first event of the replay. Ids have no gaps, so the skipped event has the next id.
 */
export function addUnreadEvent(state: OpenHandsState, { isReplay }: DesiredConversation): OpenHandsState {
  const id = state.cursor + 1;
  const next = { ...state, cursor: id };
  return isReplay && state.message.is === 'sent' ? addOurMessage(next, id) : next;
}

function addEvent(state: OpenHandsState, event: OpenHandsEvent, desired: DesiredConversation): OpenHandsState {
  const { id, source, action, observation } = event;
  const next = { ...(showsOlderLoop(state, event) ? joinLoop(state, event) : state), cursor: id };
  const agent = agentOf(event, isForUs(state));
  if (agent) return agent.state === 'loading' ? beginLife(next, agent) : addAgent(next, agent);
  if (action === 'message' && source === 'user') {
    const isOurs = mayBeOurs(state, event) && desired.isOurMessage(contentOf(event));
    if (isOurs === undefined) return { ...state, caughtUp: false, isUndecided: true };
    return isOurs ? addOurMessage(next, id) : addForeignMessage(next);
  }
  const { message } = next;
  if (message.is !== 'stored' && message.is !== 'taken-up') return next;
  if (message.recall === undefined && isRecall(event, desired)) return { ...next, message: { ...message, recall: id } };
  if (observation === 'null' || observation === 'recall') return addRecalled(next, event);
  if (message.is === 'stored' && isRequestToRun(event) && message.waking !== 'pointed') {
    return source === 'user' ? { ...next, message: { ...message, waking: 'awake' } } : next;
  }
  // The loop may have ended since, but its work on our message was done.
  const isForOurs = isOurTurn(next) || (message.isRecalled && next.loop.life !== 'live');
  return action !== undefined && source === 'agent' && isForOurs ? takeUp(next, true) : next;
}

/**
 * A create that finds a loop still loading is answered as if it had begun that loop, and its message is dropped. But a
 * loop that it had begun would have sent a `loading` first.
 */
function showsOlderLoop({ loop }: OpenHandsState, event: OpenHandsEvent): boolean {
  if (loop.life !== 'started') return false;
  const agent = agentOf(event, false);
  // A loop that has ended can leave these as its last events.
  return agent
    ? !['loading', 'stopped', 'error'].includes(agent.state)
    : event.action !== undefined && event.source === 'agent';
}

function joinLoop(state: OpenHandsState, { id }: OpenHandsEvent): OpenHandsState {
  const { message, watermark } = state;
  const wasDropped = message.is === 'sent' && message.by === 'create' && !message.isRepeated;
  const agent: Agent = { id, state: 'running', reason: '', isOurs: false };
  return {
    ...state,
    loop: { life: 'live', since: watermark, agent, turn: 'theirs' },
    ...(wasDropped && { message: { is: 'missing' } }),
  };
}

/** A loop began. Its agent knows our message only if the agent had acted on it before. */
function beginLife(state: OpenHandsState, agent: Agent): OpenHandsState {
  const { message, loop } = state;
  const next: OpenHandsState = {
    ...state,
    loop: { life: 'live', since: agent.id, agent: { ...agent, isOurs: true }, turn: 'ours' },
  };
  if (message.is === 'stored') return { ...next, message: { ...message, waking: 'no' } };
  if (message.is === 'taken-up') return dropOurs(next);
  // A message that was sent to the life before may be lost with it, or reach this one.
  const wasForThisLife =
    message.is === 'sent' && message.by === 'create' && !(loop.life === 'live' && loop.since > message.lastAfter);
  return message.is === 'sent' && !wasForThisLife ? { ...next, message: unanswered(message) } : next;
}

/** The message's life has ended, so it may be lost. It is sent again if it is not found. */
export function unanswered(message: SentMessage): SentMessage {
  return { ...message, isAnswered: false, isRepeated: true, unseen: 0 };
}

function addAgent(state: OpenHandsState, agent: Agent): OpenHandsState {
  const { loop, message } = state;
  // Before `loading` was seen, this is of a life that has ended, or of one that only seems to have.
  if (loop.life !== 'live') return state.before ? { ...state, before: agent } : state;
  const isEarlierError = agent.state === 'error' && !agent.isOurs;
  const { mayFailAgain, ...rest } = loop;
  // The first report makes a second one possible, and there is no third.
  const isPending = isEarlierError ? !mayFailAgain : mayFailAgain;
  const next: OpenHandsState = { ...state, loop: { ...rest, agent, ...(isPending && { mayFailAgain: true }) } };
  if (isEarlierError) return dropOurs(next);
  // The earlier turn ended before our message arrived, so the turn after our message is ours.
  const isStored = message.is === 'stored' || message.is === 'taken-up';
  if (loop.turn === 'theirs' && !isStored && waitingStates.has(agent.state)) {
    return { ...next, loop: { ...loop, agent, turn: 'none' } };
  }
  const isAwakeOnly = message.is === 'stored' && (message.waking === 'asked' || message.waking === 'awake');
  const isOfThisLife = message.is === 'stored' && (message.id > loop.since || message.waking === 'pointed');
  return agent.state === 'running' && loop.turn === 'ours' && isOfThisLife && !isAwakeOnly ? takeUp(next, false) : next;
}

/** Adds whether an observation found no new event. By then, no failure is reported a second time. */
export function addStillness(state: OpenHandsState, isStill: boolean): OpenHandsState {
  const { loop } = state;
  if (!isStill || loop.life !== 'live') return { ...state, isStill };
  const { mayFailAgain: _, ...settled } = loop;
  return { ...state, isStill, loop: settled };
}

/** The agent does not work on our message, unless it has acted on it. */
function dropOurs(state: OpenHandsState): OpenHandsState {
  const { message } = state;
  if (message.is !== 'taken-up' || message.wasHeard) return state;
  const { wasHeard: _, ...stored } = message;
  return { ...state, message: { ...stored, is: 'stored', waking: 'no' } };
}

/** Whether our message was sent and this event can be it. */
function mayBeOurs({ message }: OpenHandsState, { id }: OpenHandsEvent): boolean {
  return message.is === 'sent' && id > message.after;
}

function contentOf({ args }: OpenHandsEvent): string {
  const content = property(args, 'content');
  return typeof content === 'string' ? content : '';
}

function addOurMessage(state: OpenHandsState, id: number): OpenHandsState {
  const { loop } = state;
  const message = { is: 'stored', id, isRecalled: false, waking: 'no' } as const;
  // A waiting agent takes it up next.
  const next = loop.life === 'live' && loop.turn === 'none' ? { ...loop, turn: 'ours' as const } : loop;
  return { ...state, message, loop: next };
}

function addForeignMessage(state: OpenHandsState): OpenHandsState {
  const { loop, message } = state;
  if (loop.life !== 'live' || message.is === 'stored' || message.is === 'taken-up') return state;
  return { ...state, loop: { ...loop, turn: 'theirs' } };
}

/** The answer to a search for knowledge, or a pointer to a message. Both make the agent go on with that message. */
function addRecalled(state: OpenHandsState, { cause, source, observation }: OpenHandsEvent): OpenHandsState {
  const { message, loop } = state;
  if (message.is !== 'stored' || typeof cause !== 'number') return state;
  const isAboutIt = cause === message.recall || cause === message.id;
  if (!isAboutIt && message.waking === 'no') return state;
  const isPointer = observation === 'null' && source === 'user' && message.waking !== 'no';
  const next: OpenHandsState = {
    ...state,
    message: {
      ...message,
      isRecalled: true,
      ...(isPointer && { waking: 'pointed' }),
    },
    ...(loop.life === 'live' && { loop: { ...loop, turn: 'ours' } }),
  };
  return isPointer && agentState(next) === 'running' ? takeUp(next, false) : next;
}

function takeUp(state: OpenHandsState, wasHeard: boolean): OpenHandsState {
  const { message } = state;
  if (message.is === 'taken-up') return wasHeard ? { ...state, message: { ...message, wasHeard } } : state;
  if (message.is !== 'stored') return state;
  const { waking: _, ...stored } = message;
  return { ...state, message: { ...stored, is: 'taken-up', wasHeard } };
}

/** Whether an error now would be ours. */
function isForUs(state: OpenHandsState): boolean {
  return isOurTurn(state) && !isFailurePending(state);
}

/** Whether an earlier turn may be reported as failed once more. */
export function isFailurePending({ loop }: OpenHandsState): boolean {
  return loop.life === 'live' && loop.mayFailAgain === true;
}

function isOurTurn({ loop }: OpenHandsState): boolean {
  return loop.life === 'live' && loop.turn === 'ours';
}

/** The agent's search for knowledge about our message carries the message's text. Nothing else links the two. */
function isRecall({ action, source, args }: OpenHandsEvent, desired: DesiredConversation): boolean {
  const query = property(args, 'query');
  return (
    action === 'recall' && source === 'user' && (typeof query !== 'string' || desired.isOurMessage(query) !== false)
  );
}

function isRequestToRun({ action, args }: OpenHandsEvent): boolean {
  return action === 'change_agent_state' && property(args, 'agent_state') === 'running';
}

export function agentOf({ id, observation, extras }: OpenHandsEvent, isOurs: boolean): Agent | undefined {
  if (observation !== 'agent_state_changed') return undefined;
  return { id, state: excerpt(property(extras, 'agent_state')), reason: excerpt(property(extras, 'reason')), isOurs };
}
