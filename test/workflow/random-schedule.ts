import fc from 'fast-check';
import type { Fault } from '../nested-server/faults.js';
import type { OpenHandsScript } from '../nested-server/openhands-conversation.js';
import type { OpenHandsStandIn } from '../nested-server/openhands-stand-in.js';

/** Text of the message, in this start and in an earlier life that had the same. */
export const text = 'Fix the build';

/** All that happens to one start: plain JSON, played by request counts and never by a clock. */
export interface Schedule {
  /** How this start brings its message, if it has one. */
  readonly message: 'initial' | 'replay' | 'none';
  /** What the server holds of the conversation before the start; if that is alive, `script` begins with its next life. */
  readonly before: keyof typeof earlierLives;
  readonly script: OpenHandsScript;
  readonly troubles: readonly Trouble[];
}

/** Something that goes wrong with requests of a kind: with the next `times`, after `after` have passed. */
export interface Trouble {
  readonly request: keyof typeof requests;
  readonly after: number;
  readonly times: number;
  /** What happens to the server just before such a request is dealt with. */
  readonly server: keyof typeof incidents;
  /** What becomes of the request itself. */
  readonly fault: 'none' | keyof typeof faults;
}

type Happening = (server: OpenHandsStandIn, sid: string) => void;

const earlierLives = {
  nothing: () => {},
  'a life that ended': (server, sid) => {
    server.createConversation(sid, { initial_user_msg: text });
    server.restart();
  },
  'a life that was evicted': (server, sid) => {
    server.createConversation(sid, { initial_user_msg: text });
    server.evict(sid);
  },
  'a life that ended unanswered': (server, sid) => {
    server.script(sid, { agent: 'runs' });
    server.createConversation(sid, { initial_user_msg: text });
    server.restart();
  },
  'an idle loop': (server, sid) => server.createConversation(sid),
  'a loop that answered the same text': (server, sid) => server.createConversation(sid, { initial_user_msg: text }),
  'a busy loop': (server, sid) => {
    server.script(sid, { agent: 'runs' });
    server.createConversation(sid, { initial_user_msg: 'Something else' });
  },
  'a loop that loads': (server, sid) => {
    server.script(sid, { loadingLooks: 3 });
    server.createConversation(sid, { initial_user_msg: 'Something else' });
  },
} satisfies Record<string, Happening>;

const incidents = {
  'stays up': () => {},
  restarts: (server) => server.restart(),
  evicts: (server, sid) => {
    if (server.has(sid)) server.evict(sid);
  },
  'is killed within a write': (server, sid) => {
    server.restart();
    if (server.has(sid)) server.conversation(sid).hasBrokenMetadata = true;
  },
} satisfies Record<string, Happening>;

const requests = {
  any: () => ({ path: /./ }),
  create: () => ({ method: 'POST', path: '/api/conversations' }),
  'read events': () => ({ method: 'GET', path: /\/events\?/ }),
  'read status': (sid) => ({ method: 'GET', path: `/api/conversations/${sid}` }),
  'send event': () => ({ method: 'POST', path: /\/events$/ }),
} satisfies Record<string, (sid: string) => { method?: string; path: string | RegExp }>;

const badGateway = '<html><body><h1>502 Bad Gateway</h1></body></html>';
const html = { 'content-type': 'text/html' };

const faults = {
  refuse: { kind: 'refuse' },
  'lose answer': { kind: 'lose-answer' },
  'reset in headers': { kind: 'reset-headers' },
  'reset in headers, processed': { kind: 'reset-headers', process: true },
  'reset in body, processed': { kind: 'reset-body' },
  'no answer': { kind: 'black-hole' },
  'no answer, processed': { kind: 'black-hole', process: true },
  'answer 500': { kind: 'answer', status: 500, body: 'Internal Server Error' },
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

const longestPart = 5;

/** Looks after which a conversation has done all that its script holds. */
export const longestScript = 3 * longestPart + 1;

/** Any schedule; the smallest is a start where nothing goes wrong. */
export function anySchedule(): fc.Arbitrary<Schedule> {
  return fc.record({
    message: weighted<Schedule['message']>({ initial: 6, none: 1, replay: 1 }),
    before: weighted<Schedule['before']>({
      nothing: 8,
      'a life that ended': 3,
      'a life that was evicted': 1,
      'a life that ended unanswered': 1,
      'an idle loop': 1,
      'a loop that answered the same text': 1,
      'a busy loop': 1,
      'a loop that loads': 1,
    }),
    script: anyScript(),
    troubles: fc.array(anyTrouble(), { maxLength: 6, size: 'max' }),
  });
}

function anyScript(): fc.Arbitrary<OpenHandsScript> {
  const looks = fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.nat({ max: longestPart }) },
  );
  return fc
    .record({
      agent: weighted<NonNullable<OpenHandsScript['agent']>>({
        answers: 12,
        runs: 3,
        halts: 1,
        errors: 1,
        'error-on-load': 1,
        dead: 1,
      }),
      statusWhileLoading: fc.constantFrom('STARTING' as const, 'RUNNING' as const),
      unstartedLooks: looks,
      loadingLooks: looks,
      runningLooks: looks,
    })
    .map((script) => {
      // All are counted from the start of the loop: it loads once it has started, and runs once it has loaded.
      const { unstartedLooks } = script;
      const loadingLooks = script.loadingLooks + (unstartedLooks && unstartedLooks + 1);
      return { ...script, loadingLooks, runningLooks: loadingLooks + script.runningLooks };
    });
}

function anyTrouble(): fc.Arbitrary<Trouble> {
  return fc.record({
    request: weighted<Trouble['request']>({ any: 4, create: 3, 'read events': 3, 'read status': 2, 'send event': 2 }),
    after: fc.nat({ max: 8 }),
    times: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 1, max: 3 }) },
      { weight: 1, arbitrary: fc.constant(20) },
    ),
    server: weighted<Trouble['server']>({
      'stays up': 12,
      restarts: 6,
      evicts: 2,
      'is killed within a write': 1,
    }),
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

/** One of the names, each as likely as its number says; shrinks to the first. */
function weighted<T extends string>(weights: Record<T, number>): fc.Arbitrary<T> {
  const entries = Object.entries(weights) as [T, number][];
  return fc.oneof(
    { withCrossShrink: true },
    ...entries.map(([value, weight]) => ({ weight, arbitrary: fc.constant(value) })),
  );
}

/** Whether the schedule has a request wait for its deadline, in real time. */
export function meetsSilence({ troubles }: Schedule): boolean {
  return troubles.some(({ fault }) => fault.startsWith('no answer'));
}

/** How a schedule goes. */
export interface Course {
  /** How often the message was in the stream before this start. */
  readonly inheritedMessages: number;
  /** How many requests had come when the last trouble struck. */
  troubledRequests: number;
}

/** Sets the server up so that all of this happens to the conversation. */
export function stage(server: OpenHandsStandIn, sid: string, { before, script, troubles }: Schedule): Course {
  earlierLives[before](server, sid);
  server.script(sid, script);
  const course: Course = { inheritedMessages: timesInStream(server, sid), troubledRequests: 0 };
  for (const { request, after, times, server: incident, fault } of troubles) {
    const strike = () => {
      incidents[incident](server, sid);
      course.troubledRequests = server.requests.length;
    };
    const happening = fault === 'none' ? {} : { fault: faults[fault] };
    server.inject({ ...requests[request](sid), after, times, before: strike, ...happening });
  }
  return course;
}

/** How often the message is in the conversation's event stream. */
export function timesInStream(server: OpenHandsStandIn, sid: string): number {
  if (!server.has(sid)) return 0;
  const { events } = server.conversation(sid);
  return events.filter(({ action, args }) => action === 'message' && args?.content === text).length;
}
