import fc from 'fast-check';
import type { Fault } from '../../dev-stack/stand-ins/faults.js';
import type { StandInServer } from '../../dev-stack/stand-ins/stand-in-server.js';
import { maximumCreates } from '../../workflows/policies.js';

/** A problem with requests of one kind: it strikes the next `times` requests, after `after` have passed. */
export interface Trouble<Request extends string = string, Incident extends string = string> {
  readonly request: Request;
  readonly after: number;
  readonly times: number;
  /** What happens to the server just before it handles such a request. */
  readonly server: Incident;
  /** What happens to the request itself. */
  readonly fault: 'none' | keyof typeof faults;
}

/** The requests of a conversation that a trouble strikes. */
export type RequestKinds = Record<string, (sid: string) => { method?: string; path: string | RegExp }>;

/** What can happen to a server and to a conversation in it. */
export type Happenings<Server> = Record<string, (server: Server, sid: string) => void>;

const badGateway = '<html><body><h1>502 Bad Gateway</h1></body></html>';
const html = { 'content-type': 'text/html' };
const plain = { 'content-type': 'text/plain; charset=utf-8' };

export const faults = {
  refuse: { kind: 'refuse' },
  'lose answer': { kind: 'lose-answer' },
  'reset in headers': { kind: 'reset-headers' },
  'reset in headers, processed': { kind: 'reset-headers', process: true },
  'reset in body, processed': { kind: 'reset-body' },
  'no answer': { kind: 'black-hole' },
  'no answer, processed': { kind: 'black-hole', process: true },
  'answer 500': { kind: 'answer', status: 500, body: 'Internal Server Error' },
  'answer 500 and close the connection': {
    kind: 'answer',
    status: 500,
    headers: plain,
    body: 'Internal Server Error',
    closesLine: true,
  },
  'answer 502': { kind: 'answer', status: 502, headers: html, body: badGateway },
  'answer 504, processed': { kind: 'answer', status: 504, headers: html, body: badGateway, process: true },
  'answer 503': { kind: 'answer', status: 503, headers: html, body: badGateway },
  'answer 429': {
    kind: 'answer',
    status: 429,
    headers: { 'retry-after': '1' },
    body: '{"detail":"Too many requests"}',
  },
  'answer 401': { kind: 'answer', status: 401, body: '{"detail":"Unauthorized"}' },
  'answer 404': { kind: 'answer', status: 404, body: '{"detail":"Not Found"}' },
  'answer 302': { kind: 'answer', status: 302, headers: { location: '/login' } },
  'HTML with 200': { kind: 'answer', status: 200, headers: html, body: badGateway },
  'truncated JSON': { kind: 'answer', status: 200, body: '{"events":[{"id":' },
  'truncated JSON, processed': { kind: 'answer', status: 200, body: '{"status":"ok","conv', process: true },
} satisfies Record<string, Fault>;

export function anyTrouble<Request extends string, Incident extends string>(
  requests: Record<Request, number>,
  incidents: Record<Incident, number>,
): fc.Arbitrary<Trouble<Request, Incident>> {
  return fc.record({
    request: weighted(requests),
    after: fc.nat({ max: 8 }),
    times: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 1, max: 3 }) },
      { weight: 1, arbitrary: fc.constant(20) },
    ),
    server: weighted(incidents),
    fault: weighted<Trouble['fault']>({
      none: 6,
      refuse: 3,
      'lose answer': 5,
      'reset in headers': 2,
      'reset in headers, processed': 2,
      'reset in body, processed': 3,
      'no answer': 1,
      'no answer, processed': 1,
      'answer 500': 2,
      'answer 500 and close the connection': 2,
      'answer 502': 2,
      'answer 504, processed': 3,
      'answer 503': 1,
      'answer 429': 1,
      'answer 401': 1,
      'answer 404': 2,
      'answer 302': 1,
      'HTML with 200': 1,
      'truncated JSON': 1,
      'truncated JSON, processed': 2,
    }),
  });
}

/** One of the names, with probabilities in proportion to their numbers. Shrinks to the first. */
export function weighted<T extends string>(weights: Record<T, number>): fc.Arbitrary<T> {
  const entries = Object.entries(weights) as [T, number][];
  return fc.oneof(
    { withCrossShrink: true },
    ...entries.map(([value, weight]) => ({ weight, arbitrary: fc.constant(value) })),
  );
}

/** A number of looks, usually zero. */
export function someLooks(max: number): fc.Arbitrary<number> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max }) });
}

/** True once in `times`. */
export function onceIn(times: number): fc.Arbitrary<boolean> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: times - 1, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  );
}

/** Whether a request waits for its deadline, in real time. */
export function includesSilence(troubles: readonly Trouble[]): boolean {
  return troubles.some(({ fault }) => fault.startsWith('no answer'));
}

/** Whether somebody else's message can come between. */
export function hasStranger(troubles: readonly Trouble[]): boolean {
  return troubles.some(({ server }) => server === 'gets a message from a stranger');
}

/** Whether so much goes wrong that a start may give up on the conversation. */
export function mayBeGivenUp(reason: string, troubles: readonly Trouble[]): boolean {
  const strikes = troubles.reduce((sum, { times }) => sum + times, 0);
  return reason.includes('it does not settle') && strikes >= maximumCreates;
}

/** Makes the troubles happen. Returns a function for the number of requests received when the last one struck. */
export function injectTroubles<Server extends StandInServer>(
  server: Server,
  sid: string,
  troubles: readonly Trouble[],
  { requests, incidents }: { requests: RequestKinds; incidents: Happenings<Server> },
): () => number {
  let troubled = 0;
  for (const { request, after, times, server: incident, fault } of troubles) {
    const strike = () => {
      incidents[incident]?.(server, sid);
      troubled = server.requests.length;
    };
    const happening = fault === 'none' ? {} : { fault: faults[fault] };
    const kind = requests[request];
    if (!kind) throw new TypeError(`There are no requests to ${request}`);
    server.inject({ ...kind(sid), after, times, before: strike, ...happening });
  }
  return () => troubled;
}
