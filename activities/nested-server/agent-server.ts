import type { Conversation } from '../../contract/input.js';
import type { ActiveStep, Dialect, Goal, Observation, Step } from './dialect.js';
import { excerpt, failure, failureOfAnswer, isAboutConversation, property, stringAt } from './failures.js';
import type { HttpAnswer, HttpClient, HttpRequest } from './http-client.js';
import { isMessage } from './message-digest.js';

/**
 * The OpenHands agent server (`openhands-agent-server` 1.58).
 *
 * Its create stores the conversation, then the message, then runs the agent, and can be cut short between any two; the
 * same POST again changes nothing. So what counts is what is there: the conversation, the message, an agent at work.
 */
export interface AgentServerEvidence {
  /** Id of the newest event before this start. */
  readonly watermark?: string | undefined;
  /** Id of the newest user message read: the next observation reads on from there. */
  readonly cursor?: string | undefined;
  /** Whether the user messages were read to their end. */
  readonly caughtUp: boolean;
  /** The server's `execution_status`; or that it serves no events of the conversation, whatever it says of it. */
  readonly status: string | 'absent';
  /** This start's message. */
  readonly messageId?: string | undefined;
  /** What ended the agent's work in this start, in the server's words. */
  readonly error?: string | undefined;
  /** The agent was asked to run for a message that lay there, and has not been seen at work since. */
  readonly woken?: boolean | undefined;
  /** Observations in a row that found the same since the last request; absent until there was a first one. */
  readonly unchanged?: number;
}

/** An event of the stream, as far as it is evidence. */
interface AgentServerEvent {
  readonly id: string;
  readonly code?: string;
  readonly detail?: string;
  readonly llm_message?: { readonly content?: readonly { readonly text?: string }[] };
}

/** Messages an observation: they can carry images. More than these since this start are read on at the next look. */
const pageSize = 10;

/**
 * How often in a row the same is found before something is done about it, six seconds by default: a create whose answer
 * was lost may still be setting up the agent, an agent that was asked to run be starting, an error's text be on its way.
 */
const patience = 5;

/** The agent has taken up whatever was there for it. */
const atWork: ReadonlySet<string> = new Set(['running', 'waiting_for_confirmation', 'finished']);

export const agentServer: Dialect<AgentServerEvidence> = {
  async survey(server, { sid }) {
    const newest = await readEvents(server, sid, { sort_order: 'TIMESTAMP_DESC', limit: 1 });
    const status = await readStatus(server, sid);
    if (!newest && status !== 'absent') {
      const message = `${sid} is ${status}, but its events can't be read: another host of the server may still hold it`;
      throw failure('NestedServerUnavailable', message, {});
    }
    const watermark = newest?.events[0]?.id;
    return { watermark, cursor: watermark, caughtUp: true, status };
  },

  async observe(server, goal, known) {
    const { watermark, woken } = known;
    const lost: AgentServerEvidence = { watermark, cursor: watermark, caughtUp: true, status: 'absent' };
    // The count comes first: it has the server load the conversation, and set right what a kill left as running.
    if (!(await hasEvents(server, goal.sid))) return counted(known, lost);
    const read = await readOn(server, goal, known);
    const status = await readStatus(server, goal.sid);
    if (status === 'absent') return counted(known, lost);
    const error = status === 'error' ? await readError(server, goal, read) : undefined;
    return counted(known, { ...read, status, error, woken: woken && !atWork.has(status) });
  },

  decide(known, goal): Step {
    const over = endOf(known);
    if (over) return { fail: over };
    // At any time: it creates one at the most.
    if (known.status === 'absent') return 'post';
    if (goal.messageDigest === undefined || !known.caughtUp || !isSettled(known)) return 'done';
    if (known.messageId === undefined) return 'deliver';
    return atWork.has(known.status) || known.woken ? 'done' : 'wake';
  },

  judge(known, goal): Observation {
    const over = endOf(known);
    if (over) return { kind: 'failed', reason: over };
    const { status } = known;
    if (status === 'absent') return { kind: isSettled(known) ? 'incomplete' : 'pending', seen: status };
    const isComplete = goal.messageDigest === undefined || known.messageId !== undefined;
    const mayRest = goal.messageDigest === undefined || goal.readyWhen === 'accepting-events';
    if (isComplete && (mayRest || atWork.has(status))) return { kind: 'ready', status };
    const seen = isComplete ? status : `${status}, without its message`;
    return { kind: agentServer.decide(known, goal) === 'done' ? 'pending' : 'incomplete', seen };
  },

  async perform(step, server, conversation, known) {
    const answer = await server.send(requestOf(step, conversation));
    const next = { ...known, unchanged: 0, woken: step === 'wake' };
    // Gone, or at work already: the next observation sees which.
    if (step !== 'post' && (answer.status === 404 || answer.status === 409)) return next;
    const isIts = step === 'post' ? isOf(conversation, answer) : property(answer.json, 'success') === true;
    if (answer.status >= 300 || !isIts) throw failureOfAnswer(answer);
    return next;
  },

  async stop(server, sid) {
    const answer = await server.send({ method: 'POST', path: `${pathOf(sid)}/pause` });
    if (answer.status >= 300 && answer.status !== 404) throw failureOfAnswer(answer);
  },
};

/** Why the conversation can't become ready any more. What was there before this start is no reason. */
function endOf({ status, error, messageId }: AgentServerEvidence): string | undefined {
  if (status === 'deleting') return 'it is being deleted';
  if (status === 'stuck' && messageId !== undefined) return 'the agent is stuck';
  return error;
}

/** Whether nothing more is to be expected of what this start has sent. */
function isSettled({ unchanged, status, messageId }: AgentServerEvidence): boolean {
  if (unchanged === undefined) return true;
  // While the agent uses a tool, a message that was sent waits to be stored, however long that takes.
  const isHeldUp = status === 'running' && messageId === undefined;
  return unchanged >= patience && !isHeldUp;
}

/** What was seen, and how often in a row. */
function counted(known: AgentServerEvidence, seen: AgentServerEvidence): AgentServerEvidence {
  const isSame = known.status === seen.status && known.messageId === seen.messageId;
  return { ...seen, unchanged: isSame ? (known.unchanged ?? 0) + 1 : 1 };
}

function requestOf(step: ActiveStep, conversation: Conversation): HttpRequest {
  const { sid } = conversation;
  switch (step) {
    case 'post':
      return { method: 'POST', path: '/api/conversations', body: startOf(conversation) };
    case 'deliver':
      return { method: 'POST', path: `${pathOf(sid)}/events`, body: messageOf(conversation) };
    case 'wake':
      return { method: 'POST', path: `${pathOf(sid)}/run` };
    default:
      throw new TypeError(`agent-server has no step '${step}'`);
  }
}

/** The server writes a UUID in its own way. */
function isOf({ sid }: Conversation, { json }: HttpAnswer): boolean {
  return stringAt(json, 'id') === sid.toLowerCase();
}

/** The body of the POST (`StartConversationRequest`). */
function startOf(conversation: Conversation): object {
  const { agentSettings, workspace, ...others } = conversation.settings;
  return {
    ...others,
    agent_settings: agentSettings,
    workspace,
    conversation_id: conversation.sid,
    user_id: conversation.userId,
    initial_message: messageOf(conversation),
  };
}

/** The first message (`SendMessageRequest`). */
function messageOf({ initialUserMsg }: Conversation): object | null {
  if (initialUserMsg === null) return null;
  const { content, imageUrls = [] } = initialUserMsg;
  const parts = [
    ...(content === '' ? [] : [{ type: 'text', text: content }]),
    ...(imageUrls.length === 0 ? [] : [{ type: 'image', image_urls: imageUrls }]),
  ];
  return { role: 'user', content: parts, run: true };
}

/** Reads the user messages after the cursor, up to this start's. */
async function readOn(server: HttpClient, goal: Goal, known: AgentServerEvidence): Promise<AgentServerEvidence> {
  const { messageDigest: digest } = goal;
  if (digest === undefined || known.messageId !== undefined) return known;
  const query = { kind: 'MessageEvent', source: 'user', limit: pageSize, ...from(known.cursor) };
  const page = await readEvents(server, goal.sid, query);
  if (!page) return known;
  const ours = page.events.find((event) => event.id !== known.cursor && isMessage(textOf(event), digest));
  const cursor = page.events.at(-1)?.id ?? known.cursor;
  return { ...known, messageId: ours?.id, cursor, caughtUp: ours !== undefined || !page.hasMore };
}

/** The error of this start: the first beyond its message, or beyond the watermark where it has none. */
async function readError(server: HttpClient, goal: Goal, known: AgentServerEvidence): Promise<string | undefined> {
  if (goal.messageDigest !== undefined && known.messageId === undefined) return undefined;
  // Two, as the watermark may be an error itself.
  const query = { kind: 'ConversationErrorEvent', limit: 2, ...from(known.messageId ?? known.watermark) };
  const page = await readEvents(server, goal.sid, query);
  const error = page?.events.find(({ id }) => id !== known.watermark);
  if (!error) return undefined;
  return excerpt([error.code, error.detail].filter(Boolean).join(': ')) || 'the agent is in state error';
}

/** A page begins with this event; where the server does not have it any more, with the first. */
function from(eventId: string | undefined) {
  return eventId === undefined ? {} : { page_id: eventId };
}

function textOf({ llm_message: message }: AgentServerEvent): string {
  return (message?.content ?? []).map(({ text = '' }) => text).join('');
}

async function hasEvents(server: HttpClient, sid: string): Promise<boolean> {
  const answer = await server.send({ method: 'GET', path: `${pathOf(sid)}/events/count` });
  if (isAboutConversation(answer)) return false;
  if (answer.status !== 200 || typeof answer.json !== 'number') throw failureOfAnswer(answer);
  return true;
}

/** A page of events, oldest first where nothing else is asked for; `undefined` where the conversation is absent. */
async function readEvents(server: HttpClient, sid: string, query: Record<string, string | number>) {
  const answer = await server.send({ method: 'GET', path: `${pathOf(sid)}/events/search`, query });
  if (isAboutConversation(answer)) return undefined;
  const events = property(answer.json, 'items');
  if (answer.status !== 200 || !isEvents(events)) throw failureOfAnswer(answer);
  return { events, hasMore: typeof property(answer.json, 'next_page_id') === 'string' };
}

function isEvents(value: unknown): value is AgentServerEvent[] {
  return Array.isArray(value) && value.every((event) => stringAt(event, 'id') !== undefined);
}

async function readStatus(server: HttpClient, sid: string): Promise<string> {
  const answer = await server.send({ method: 'GET', path: pathOf(sid) });
  if (answer.status === 404) return 'absent';
  const status = stringAt(answer.json, 'execution_status');
  if (answer.status !== 200 || status === undefined) throw failureOfAnswer(answer);
  return excerpt(status);
}

function pathOf(sid: string): string {
  return `/api/conversations/${encodeURIComponent(sid)}`;
}
