import type { DesiredConversation } from '../dialect.js';
import { excerpt, failureOfAnswer, isAboutConversation, isMissingRoute, property, stringAt } from '../failures.js';
import { AnswerTooLargeError, type HttpAnswer, type HttpClient, NoAnswerError } from '../http-client.js';
import { pageReader } from '../read-page.js';
import { failureOfMissingApi } from '../server-info.js';
import { addLife, addLifeUnanswered, addStatus, forgetStream, stateAt } from './answers.js';
import { addEvents, addStillness, addUnreadEvent } from './events.js';
import { pathOf } from './requests.js';
import { type OpenHandsEvent, type OpenHandsState, patience, type Status } from './state.js';

/** Events per request. The server allows up to 100. */
const pageSize = 50;
/** Pages per observation: 1,000 events. The next observation reads the rest of a longer stream. */
const maximumPages = 20;
/** The share of a readiness check's remaining time for the status. The rest is for the proof of life. */
const statusShare = 0.5;

export async function baseline(server: HttpClient, desired: DesiredConversation): Promise<OpenHandsState> {
  const { sid } = desired;
  const newest = await readNewest(server, sid);
  const status: Status = newest ? await readStatus(server, sid, false) : { kind: 'absent' };
  // A conversation that has events but is reported absent was just lost, or still exists. A second read shows which.
  const isContradicted = newest?.events.length && status.kind === 'absent';
  const events = (isContradicted ? await readNewest(server, sid) : newest)?.events ?? [];
  const state = stateAt(desired, events, status);
  return state.loop.life === 'unproven' ? proveLife(server, sid, state) : state;
}

export async function observe(
  server: HttpClient,
  desired: DesiredConversation,
  state: OpenHandsState,
): Promise<OpenHandsState> {
  const { sid } = desired;
  const read = await readOn(server, desired, state);
  // The status is read second: after a restart in between, old events must not prove readiness.
  const wasTold = state.status.kind === 'told' || ('wasTold' in state.status && state.status.wasTold);
  const told = addStatus(read ?? { ...state, caughtUp: false }, await readStatus(server, sid, wasTold));
  const proved = isDoubtful(told) || (!read && told.loop.life === 'live') ? await proveLife(server, sid, told) : told;
  if (!read) return proved.loop.life === 'none' ? forgetStream(proved) : proved;
  // Without a proof of life, a cut connection may mean that the server stopped. Reading events once more rules that
  // out.
  const { status } = proved;
  const isTold = status.kind === 'told' || status.kind === 'absent';
  // A loop may have added events before its end, after the first read.
  const hasEnded = proved.loop.life === 'none' && told.loop.life !== 'none';
  const isProved = isTold || status.life === 'alive' || proved.loop.life === 'none';
  const known =
    isProved && !hasEnded ? proved : ((await readOn(server, desired, proved)) ?? { ...proved, caughtUp: false });
  return addStillness({ ...known, message: lookedFor(known.message) }, known.cursor === state.cursor);
}

function lookedFor(message: OpenHandsState['message']): OpenHandsState['message'] {
  const mayCome = message.is === 'sent' && !message.isAnswered;
  return mayCome ? { ...message, unseen: Math.min(message.unseen + 1, patience) } : message;
}

/** Status values that mean the end of this start, or of the current life. */
const ends: ReadonlySet<string> = new Set(['STOPPED', 'ERROR', 'ARCHIVED']);

/** A missing status, or one that would end something, is checked once more: one odd answer must not decide. */
function isDoubtful({ status, loop }: OpenHandsState): boolean {
  return status.kind === 'told' ? ends.has(status.value) && loop.life !== 'none' : status.kind !== 'absent';
}

/** Asks whether the loop is alive. If that can't help, reads the status again. */
async function proveLife(server: HttpClient, sid: string, state: OpenHandsState): Promise<OpenHandsState> {
  const { status } = state;
  const isAboutLoop = status.kind !== 'told' || status.value === 'STOPPED';
  const life = isAboutLoop ? await readLife(server, sid) : undefined;
  switch (life) {
    case 'alive':
      return addLife(state, true);
    case 'ended':
      return addLife(state, false);
    case 'unknown':
      return forgetStream(addLife(state, false));
    case 'unanswered':
      return addLifeUnanswered(state);
  }
  return status.kind === 'told' ? addStatus(state, await readStatus(server, sid, true)) : state;
}

/** Reads the events after the cursor; `undefined` if the server does not know the conversation. */
async function readOn(
  server: HttpClient,
  desired: DesiredConversation,
  state: OpenHandsState,
): Promise<OpenHandsState | undefined> {
  const pages = pageReader(pageSize);
  const { isUndecided: _, ...known } = state;
  let seen: OpenHandsState = { ...known, caughtUp: false };
  for (let page = 0; page < maximumPages && !seen.caughtUp; page++) {
    // What was read so far is kept. Without it, a stream that takes longer than one check would never be read.
    if (page > 0 && server.isShortOfTime) return seen;
    const answer = await pages((limit) =>
      requestEvents(server, desired.sid, { start_id: seen.cursor + 1, limit }),
    ).catch(unlessTooLarge);
    if (answer === 'too large') {
      seen = addUnreadEvent(seen, desired);
      continue;
    }
    const read = await eventsOf(server, answer);
    if (!read) return undefined;
    const next = addEvents(seen, read.events, desired);
    // Stops if the page has no new events, even if the server says that there are more. Otherwise it could read forever.
    if (next.isUndecided || (read.hasMore && next.cursor === seen.cursor)) return next;
    seen = { ...next, caughtUp: !read.hasMore };
  }
  return seen;
}

function unlessTooLarge(error: unknown): 'too large' {
  if (error instanceof AnswerTooLargeError) return 'too large';
  throw error;
}

async function readNewest(server: HttpClient, sid: string) {
  const answer = await pageReader(pageSize)((limit) => requestEvents(server, sid, { reverse: true, limit }));
  return eventsOf(server, answer);
}

function requestEvents(server: HttpClient, sid: string, query: Record<string, number | boolean>): Promise<HttpAnswer> {
  return server.send({ method: 'GET', path: `${pathOf(sid)}/events`, query });
}

/** The events of an answer; `undefined` if the server does not know the conversation. */
async function eventsOf(server: HttpClient, answer: HttpAnswer) {
  if (isAboutConversation(answer)) return undefined;
  if (isMissingRoute(answer)) throw await failureOfMissingApi('openhands', server, answer);
  const events = property(answer.json, 'events');
  if (answer.status !== 200 || !isEvents(events)) throw failureOfAnswer(answer);
  return { events, hasMore: property(answer.json, 'has_more') === true };
}

function isEvents(value: unknown): value is OpenHandsEvent[] {
  return Array.isArray(value) && value.every((event) => isId(property(event, 'id')));
}

function isId(id: unknown): boolean {
  return Number.isSafeInteger(id) && (id as number) >= 0;
}

/**
 * The status can be unreadable for a healthy conversation: 0.60 to 1.6 without Docker answer 500 or cut the connection.
 */
async function readStatus(server: HttpClient, sid: string, wasTold: boolean): Promise<Status> {
  const answer = await server
    .send({ method: 'GET', path: pathOf(sid), share: statusShare })
    .catch((error: unknown) => (error instanceof NoAnswerError ? error : Promise.reject(error)));
  if (answer instanceof NoAnswerError) return { kind: answer.isLate ? 'late' : 'unreadable', wasTold };
  if (answer.status >= 500) return { kind: 'unreadable', wasTold };
  if (isAboutConversation(answer) || (answer.status === 200 && answer.json === null)) return { kind: 'absent' };
  if (answer.status !== 200) throw failureOfAnswer(answer);
  const value = excerpt(stringAt(answer.json, 'status'));
  const runtime = excerpt(stringAt(answer.json, 'runtime_status'));
  return value === '' ? { kind: 'unreadable', wasTold } : { kind: 'told', value, ...(runtime && { runtime }) };
}

/** The answer of 0.51 to 1.6 if no loop is alive. A starting loop has another 404. */
const noLoop = 'Agent session not found';

type LoopLife = 'alive' | 'ended' | 'unknown' | 'unanswered';

/**
 * Asks whether the loop is alive and the conversation known; `undefined` if the server has no route for it. This
 * request adds no events.
 */
async function readLife(server: HttpClient, sid: string): Promise<LoopLife | undefined> {
  const answer = await server
    .send({ method: 'GET', path: `${pathOf(sid)}/microagents` })
    .catch((error: unknown) => (error instanceof NoAnswerError ? undefined : Promise.reject(error)));
  if (answer?.status === 200 && Array.isArray(property(answer.json, 'microagents'))) return 'alive';
  if (answer?.status !== 404) return 'unanswered';
  if (isAboutConversation(answer)) return 'unknown';
  const error = stringAt(answer.json, 'error');
  if (error === undefined) return undefined;
  return error.startsWith(noLoop) ? 'ended' : 'alive';
}
