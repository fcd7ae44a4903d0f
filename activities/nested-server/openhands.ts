import type { Conversation } from '../../contract/input.js';
import type { ActiveStep, Dialect, Goal, Observation, Step } from './dialect.js';
import { excerpt, failureOfAnswer, isAboutConversation, property, stringAt } from './failures.js';
import { type HttpAnswer, type HttpClient, type HttpRequest, NoAnswerError } from './http-client.js';
import { isMessage } from './message-digest.js';

/**
 * OpenHands' first conversation API (`openhands-ai` 0.55 and 0.62).
 *
 * `/events` answers 200 for refused, crashed and dead conversations, and the status is RUNNING for a dead one: so what
 * counts is the agent's own state, and only events beyond the watermark, the newest event before this start.
 */
export interface OpenHandsEvidence {
  /** Id of the newest event before this start; -1 where there was none. */
  readonly watermark: number;
  /** Id of the newest event read. */
  readonly cursor: number;
  /** Whether the stream was read to its end. */
  readonly caughtUp: boolean;
  /** STARTING, RUNNING, STOPPED, ARCHIVED or ERROR; or that there is no such conversation, or no telling. */
  readonly status: string | 'absent' | 'unreadable';
  readonly runtimeStatus?: string | undefined;
  /** Whether the server has ever told the status of the conversation: some never do. */
  readonly tellsStatus?: true;
  /** Whether the server has answered a POST of this start with 200. */
  readonly accepted?: true;
  /** Newest state of the agent. Up to the watermark only where its loop was alive already. */
  readonly agent?: { readonly id: number; readonly state: string; readonly reason: string };
  /** State of the agent up to the watermark, where it could not be told whether its loop was alive. */
  readonly formerAgent?: OpenHandsEvidence['agent'];
  /** Up to this event, the agent's states are those of a life that has ended since. */
  readonly pastId?: number;
  /** Beginning of the agent's present life: the newest `loading`. */
  readonly loadingId?: number;
  /** This start's message. */
  readonly messageId?: number;
  /** First action of the agent after the message: it has been heard. */
  readonly heardId?: number;
  /** Where the agent was last asked to run, and pointed to a message. */
  readonly wakeId?: number;
  readonly nudgeId?: number;
}

/** An event of the stream, as far as it is evidence. */
export interface OpenHandsEvent {
  readonly id: number;
  readonly source?: string;
  readonly action?: string;
  readonly observation?: string;
  readonly args?: { readonly content?: string; readonly agent_state?: string };
  readonly extras?: { readonly agent_state?: string; readonly reason?: string };
  readonly cause?: number | null;
}

/** Events a request; the server takes up to 100. */
const pageSize = 50;
/** Pages a look: 1,000 events. A longer stream is read on at the next look. */
const maximumPages = 20;

export const openhands: Dialect<OpenHandsEvidence> = {
  async survey(server, { sid }) {
    const { events, isAbsent } = await readEvents(server, sid, { reverse: true, limit: pageSize });
    const watermark = events[0]?.id ?? -1;
    if (isAbsent) return { watermark, cursor: watermark, caughtUp: true, status: 'absent' };
    const known = { watermark, cursor: watermark, caughtUp: true, ...(await readStatus(server, sid)) };
    if (isGone(known) || watermark < 0) return known;
    const newest = events.map(agentStateOf).find((agent) => agent !== undefined);
    // An agent so busy that its last change of state is pages ago has left `loading` long since.
    const agent = { id: watermark, state: newest?.state ?? 'busy', reason: '' };
    return known.status === 'unreadable' ? { ...known, formerAgent: agent } : { ...known, agent };
  },

  async observe(server, goal, known) {
    const events = await readOn(server, goal, known);
    // The status comes second: a server that restarted in between shows as STOPPED, not as ready by old events.
    const seen = { ...events, ...(await readStatus(server, goal.sid)) };
    if (isGone(seen)) return { ...seen, pastId: seen.cursor };
    // A line cut there may have been the server's end: that it still serves events tells.
    return seen.status === 'unreadable' ? readOn(server, goal, seen) : seen;
  },

  decide(known, goal): Step {
    const over = endOf(known);
    if (over) return { fail: over };
    // What is not read yet may be the message: the looks read on.
    if (!known.caughtUp) return 'done';
    const hasMessage = known.messageId !== undefined;
    if (isDead(known)) return hasMessage ? 'post-without-message' : 'post';
    // Whether the loop that is alive now is an older one, the answer to a POST tells; it takes no second one.
    if (known.formerAgent && known.loadingId === undefined && !hasMessage) return 'post';
    if (isLoading(known) || goal.messageDigest === undefined) return 'done';
    if (hasMessage) return wakingStep(known);
    return goal.isReplay ? { fail: 'it was running already, and a running conversation takes no replay' } : 'deliver';
  },

  judge(known, goal): Observation {
    const over = endOf(known);
    if (over) return { kind: 'failed', reason: over };
    const seen = describe(known);
    if (known.status === 'absent') return { kind: 'pending', seen };
    if (goal.readyWhen === 'accepting-events' && isAccepting(known, goal))
      return { kind: 'ready', status: nameOf(known) };
    if (!known.caughtUp) return { kind: 'pending', seen: `${seen}, reading its events, at ${known.cursor}` };
    if (openhands.decide(known, goal) !== 'done') return { kind: 'incomplete', seen };
    if (isLoading(known) || isOutOfSight(known)) return { kind: 'pending', seen };
    if (awaitsAgent(known)) return { kind: 'pending', seen: `${seen}, the message not taken up yet` };
    return { kind: 'ready', status: nameOf(known) };
  },

  async perform(step, server, conversation, known) {
    const answer = await server.send(requestOf(step, conversation, known));
    const isPost = step === 'post' || step === 'post-without-message';
    const proof = isPost ? stringAt(answer.json, 'conversation_id') === conversation.sid : hasSucceeded(answer);
    if (answer.status >= 300 || !proof) throw failureOfAnswer(answer);
    if (!isPost) return known;
    // STARTING is a new life. Otherwise a loop was there already: the POST changed nothing, its message was ignored.
    const isNewLife = stringAt(answer.json, 'conversation_status') === 'STARTING';
    const { formerAgent, ...rest } = known;
    if (isNewLife) return { ...rest, accepted: true, pastId: known.cursor };
    return { ...(formerAgent && { agent: formerAgent }), ...rest, accepted: true };
  },

  async stop(server, sid) {
    const answer = await server.send({ method: 'POST', path: `${pathOf(sid)}/stop` });
    if (answer.status >= 300 && answer.status !== 404) throw failureOfAnswer(answer);
  },
};

/** What one more event tells. Up to the watermark it tells nothing. */
export function addEvent(known: OpenHandsEvidence, event: OpenHandsEvent, goal: Goal): OpenHandsEvidence {
  const { id } = event;
  const seen = { ...known, cursor: Math.max(known.cursor, id) };
  const agent = agentStateOf(event);
  if (agent) return { ...seen, agent, ...(agent.state === 'loading' && { loadingId: id }) };
  if (event.observation === 'null' && event.cause) return { ...seen, nudgeId: id };
  if (event.action === 'change_agent_state' && event.args?.agent_state === 'running') return { ...seen, wakeId: id };
  if (event.action === 'message' && event.source === 'user' && seen.messageId === undefined) {
    const ours = goal.messageDigest !== undefined && isMessage(event.args?.content ?? '', goal.messageDigest);
    return ours ? { ...seen, messageId: id } : seen;
  }
  if (event.action && event.source === 'agent' && seen.messageId !== undefined && seen.heardId === undefined) {
    return { ...seen, heardId: id };
  }
  return seen;
}

function agentStateOf({ id, observation, extras }: OpenHandsEvent): OpenHandsEvidence['agent'] {
  return observation === 'agent_state_changed'
    ? { id, state: excerpt(extras?.agent_state), reason: excerpt(extras?.reason) }
    : undefined;
}

/** Why the conversation can't become ready any more. */
function endOf({ status, runtimeStatus, agent, watermark }: OpenHandsEvidence): string | undefined {
  if (status === 'ERROR' || status === 'ARCHIVED') return [status, runtimeStatus].filter(Boolean).join(' ');
  if (agent?.state === 'error' && agent.id > watermark) return agent.reason || 'the agent is in state error';
  return undefined;
}

/** The weaker test of readiness. It, too, wants the message: nobody would deliver one that was ignored. */
function isAccepting(known: OpenHandsEvidence, { messageDigest }: Goal): boolean {
  return !isDead(known) && (messageDigest === undefined || known.messageId !== undefined);
}

/** No loop runs: the conversation is not there, or was stopped, evicted or left behind by a restart. */
function isDead(known: OpenHandsEvidence): boolean {
  const { status, loadingId, accepted, agent } = known;
  if (status !== 'unreadable') return isGone(known);
  // No telling, but by what this start has done, and by the word that an evicted agent leaves behind.
  return (loadingId === undefined && !accepted) || agent?.state === 'stopped';
}

function isGone({ status }: Pick<OpenHandsEvidence, 'status'>): boolean {
  return status === 'absent' || status === 'STOPPED';
}

function isLoading(known: OpenHandsEvidence): boolean {
  const agent = presentAgent(known);
  // While it is STARTING, the newest state in the stream may still be the last word of the life before.
  return known.status === 'STARTING' || agent === undefined || agent.state === 'loading';
}

function presentAgent({ agent, pastId = -1 }: OpenHandsEvidence): OpenHandsEvidence['agent'] {
  return agent && agent.id > pastId ? agent : undefined;
}

/** A message from before the agent's present life stays unanswered until the agent is woken and pointed to it. */
function wakingStep({ messageId = -1, loadingId = -1, heardId, wakeId = -1, nudgeId = -1 }: OpenHandsEvidence): Step {
  if (messageId > loadingId || heardId !== undefined) return 'done';
  if (wakeId < loadingId) return 'wake';
  return nudgeId < loadingId ? 'nudge' : 'done';
}

/** A status that could be read before and can't be now: the server may have just restarted, its old events prove nothing. */
function isOutOfSight({ status, tellsStatus }: OpenHandsEvidence): boolean {
  return status === 'unreadable' && tellsStatus === true;
}

/** The message came after the agent's last change of state, and the agent was not at work then. */
function awaitsAgent({ messageId = -1, agent }: OpenHandsEvidence): boolean {
  return agent !== undefined && messageId > agent.id && agent.state !== 'running' && agent.state !== 'busy';
}

function nameOf({ status, agent }: OpenHandsEvidence): string {
  return status === 'unreadable' ? (agent?.state ?? status) : status;
}

/** What a person reads while waiting. */
function describe(known: OpenHandsEvidence): string {
  const agent = isGone(known) ? known.agent : presentAgent(known);
  return `${known.status} (agent ${agent?.state ?? 'not started'})`;
}

function requestOf(step: ActiveStep, conversation: Conversation, known: OpenHandsEvidence): HttpRequest {
  const { sid, initialUserMsg } = conversation;
  const message = { content: initialUserMsg?.content ?? '', image_urls: initialUserMsg?.imageUrls ?? [] };
  const event = (body: unknown): HttpRequest => ({ method: 'POST', path: `${pathOf(sid)}/events`, body });
  switch (step) {
    case 'post':
    case 'post-without-message':
      return { method: 'POST', path: '/api/conversations', body: initOf(conversation, step === 'post') };
    case 'deliver':
      return event({ action: 'message', args: message });
    case 'wake':
      return event({ action: 'change_agent_state', args: { agent_state: 'running' } });
    case 'nudge':
      return event({ observation: 'null', content: '', extras: {}, cause: known.messageId });
  }
}

/** The body of the POST (`InitSessionRequest`). Instructions and MCP servers are not kept: every POST carries them. */
function initOf({ sid, settings, initialUserMsg, replayJson }: Conversation, withMessage: boolean): object {
  return {
    conversation_id: sid,
    initial_user_msg: withMessage ? (initialUserMsg?.content ?? null) : null,
    image_urls: withMessage ? (initialUserMsg?.imageUrls ?? []) : [],
    replay_json: withMessage ? replayJson : null,
    mcp_config: settings.mcpConfig ?? null,
    repository: settings.repository ?? null,
    selected_branch: settings.selectedBranch ?? null,
    git_provider: settings.gitProvider ?? null,
    conversation_instructions: settings.conversationInstructions ?? null,
  };
}

async function readOn(server: HttpClient, goal: Goal, known: OpenHandsEvidence): Promise<OpenHandsEvidence> {
  let seen = { ...known, caughtUp: false };
  for (let page = 0; page < maximumPages && !seen.caughtUp; page++) {
    const { events, hasMore } = await readEvents(server, goal.sid, { start_id: seen.cursor + 1, limit: pageSize });
    seen = { ...events.reduce((evidence, event) => addEvent(evidence, event, goal), seen), caughtUp: !hasMore };
  }
  return seen;
}

async function readEvents(server: HttpClient, sid: string, query: Record<string, number | boolean>) {
  const answer = await server.send({ method: 'GET', path: `${pathOf(sid)}/events`, query });
  if (isAboutConversation(answer)) return { events: [], hasMore: false, isAbsent: true };
  const events = property(answer.json, 'events');
  if (answer.status !== 200 || !isEvents(events)) throw failureOfAnswer(answer);
  return { events, hasMore: property(answer.json, 'has_more') === true };
}

function hasSucceeded({ json }: HttpAnswer): boolean {
  return property(json, 'success') === true;
}

function isEvents(value: unknown): value is OpenHandsEvent[] {
  return Array.isArray(value) && value.every((event) => Number.isInteger(property(event, 'id')));
}

/** Unreadable is not a failure: 0.62 without Docker answers 500, or cuts the line, for conversations that are fine. */
async function readStatus(
  server: HttpClient,
  sid: string,
): Promise<Pick<OpenHandsEvidence, 'status' | 'runtimeStatus' | 'tellsStatus'>> {
  const answer = await server.send({ method: 'GET', path: pathOf(sid) }).catch(unlessNoAnswer);
  if (!answer || answer.status >= 500) return { status: 'unreadable' };
  if (isAboutConversation(answer)) return { status: 'absent' };
  if (answer.status !== 200) throw failureOfAnswer(answer);
  if (answer.json === null) return { status: 'absent' };
  const status = excerpt(stringAt(answer.json, 'status'));
  if (!status) return { status: 'unreadable' };
  return { status, runtimeStatus: excerpt(stringAt(answer.json, 'runtime_status')), tellsStatus: true };
}

function unlessNoAnswer(error: unknown): undefined {
  if (!(error instanceof NoAnswerError)) throw error;
}

function pathOf(sid: string): string {
  return `/api/conversations/${encodeURIComponent(sid)}`;
}
