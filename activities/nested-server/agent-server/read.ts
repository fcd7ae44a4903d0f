import type { DesiredConversation } from '../dialect.js';
import {
  excerpt,
  failure,
  failureOfAnswer,
  isAboutConversation,
  isMissingRoute,
  property,
  stringAt,
} from '../failures.js';
import { type HttpClient, NoAnswerError } from '../http-client.js';
import { pageReader } from '../read-page.js';
import { failureOfMissingApi, failureOfUnsupported, isSupported, readBoot, readServerInfo } from '../server-info.js';
import { addAbsence, addBoot, addStatus, forgetStream, stateAt } from './answers.js';
import { addEvents } from './events.js';
import { pathOf } from './requests.js';
import { type AgentServerEvent, type AgentServerState, longPatience, restStates, type Status } from './state.js';

/** Events per request. The server allows up to 100. */
const pageSize = 50;
/** Pages per observation: 1,000 events. The next observation reads the rest of a longer stream. */
const maximumPages = 20;
/** An id is a UUID. A much longer one is not an event id, and would travel with every heartbeat. */
const longestId = 100;

export async function baseline(server: HttpClient, desired: DesiredConversation): Promise<AgentServerState> {
  const { sid } = desired;
  const info = await readServerInfo(server);
  if (info?.kind === 'agent-server' && isSupported(info) === false) throw failureOfUnsupported(server.baseUrl, info);
  const newest = await readEvents(server, sid, { sort_order: 'TIMESTAMP_DESC' }, pageReader(1));
  const told = await readStatus(server, sid);
  const status: Status = !newest && told.kind === 'late' ? { kind: 'absent' } : told;
  if (!newest && status.kind === 'told') {
    const message = `${sid} is ${status.value}, but its events can't be read: another host of the server may still hold it`;
    throw failure('NestedServerUnavailable', message, {});
  }
  return stateAt(desired, newest?.events[0]?.id, status, info);
}

export async function observe(
  server: HttpClient,
  desired: DesiredConversation,
  state: AgentServerState,
): Promise<AgentServerState> {
  // The events come first: reading them makes the server load the conversation and correct a `running` left by a kill.
  const read = await readOn(server, desired, state);
  const status: Status = read ? await readStatus(server, desired.sid) : { kind: 'absent' };
  // A restart since then shows in the events, or in the boot time.
  const newest = read && status.kind === 'late' ? await readOn(server, desired, read) : read;
  const seen = newest && status.kind !== 'absent' ? addStatus(newest, status) : addAbsence(state);
  const known = dependsOnLife(seen) ? addBoot(seen, await readBoot(server)) : seen;
  return { ...known, still: isSame(known, state) ? Math.min(state.still + 1, longPatience) : 1 };
}

/** Whether the next step depends on a restart: the agent rests although it has a message. */
function dependsOnLife({ status, message, life }: AgentServerState): boolean {
  if (life.boot === undefined) return false;
  if (status.kind === 'late') return true;
  const hasMessage = message.is === 'stored' || message.is === 'taken-up';
  return hasMessage && status.kind === 'told' && restStates.has(status.value) && status.value !== 'finished';
}

function isSame(one: AgentServerState, other: AgentServerState): boolean {
  const statusOf = ({ status }: AgentServerState) => (status.kind === 'told' ? status.value : status.kind);
  return (
    statusOf(one) === statusOf(other) && one.message.is === other.message.is && one.life.number === other.life.number
  );
}

/** Reads the events after the cursor; `undefined` if the server does not serve them. */
async function readOn(
  server: HttpClient,
  desired: DesiredConversation,
  state: AgentServerState,
): Promise<AgentServerState | undefined> {
  // A page begins with the cursor's own event, so a page of one event would bring nothing new.
  const pages = pageReader(pageSize, 2);
  const { isUndecided: _, ...known } = state;
  let seen: AgentServerState = { ...known, caughtUp: false };
  for (let page = 0; page < maximumPages && !seen.caughtUp; page++) {
    // What was read so far is kept. Without it, a stream that takes longer than one check would never be read.
    if (page > 0 && server.isShortOfTime) return seen;
    const { cursor } = seen;
    const read = await readEvents(server, desired.sid, cursor === undefined ? {} : { page_id: cursor }, pages);
    if (!read) return undefined;
    if (cursor !== undefined && read.events[0]?.id !== cursor) {
      if (state.status.kind !== 'absent') throw failureOfOtherStream(server, desired.sid, cursor);
      seen = forgetStream(seen);
    }
    const next = addEvents(seen, read.events, desired);
    // Stops if the page has no new events, even if the server says that there are more. Otherwise it could read forever.
    if (next.isUndecided || (read.hasMore && next.cursor === cursor)) return next;
    seen = { ...next, caughtUp: !read.hasMore };
  }
  return seen;
}

/**
 * A server that does not know the cursor's event answers from its first event. Those events may be older than this
 * start.
 */
function failureOfOtherStream(server: HttpClient, sid: string, cursor: string) {
  const message = `${sid} no longer has the event ${cursor} that was read before: the server has lost its events, or ${server.baseUrl} is another server now`;
  return failure('NestedServerUnavailable', message, {});
}

/** Reads a page of events, oldest first by default; `undefined` if the conversation is absent. */
async function readEvents(
  server: HttpClient,
  sid: string,
  query: Record<string, string | number>,
  pages: ReturnType<typeof pageReader>,
) {
  const answer = await pages((limit) =>
    server.send({ method: 'GET', path: `${pathOf(sid)}/events/search`, query: { ...query, limit } }),
  );
  if (isAboutConversation(answer)) return undefined;
  if (isMissingRoute(answer)) throw await failureOfMissingApi('agent-server', server, answer);
  // Filtered here: the filters differ between versions, and an empty page would not prove that nothing is there.
  const events = property(answer.json, 'items');
  if (answer.status !== 200 || !isEvents(events)) throw failureOfAnswer(answer);
  return { events, hasMore: typeof property(answer.json, 'next_page_id') === 'string' };
}

function isEvents(value: unknown): value is AgentServerEvent[] {
  return Array.isArray(value) && value.every((event) => isId(stringAt(event, 'id')));
}

function isId(id: string | undefined): boolean {
  return id !== undefined && id !== '' && id.length <= longestId;
}

/** The share of the remaining time of a readiness check that the status request may take. */
const statusShare = 0.5;

async function readStatus(server: HttpClient, sid: string): Promise<Status> {
  const answer = await server
    .send({ method: 'GET', path: pathOf(sid), share: statusShare })
    .catch((error: unknown) => (error instanceof NoAnswerError && error.isLate ? undefined : Promise.reject(error)));
  if (!answer) return { kind: 'late' };
  if (answer.status === 404) return { kind: 'absent' };
  const value = stringAt(answer.json, 'execution_status');
  if (answer.status !== 200 || value === undefined) throw failureOfAnswer(answer);
  return { kind: 'told', value: excerpt(value) };
}
