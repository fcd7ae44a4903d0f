import assert from 'node:assert/strict';
import fc from 'fast-check';
import { inputFor } from '../../dev-stack/input-for.js';
import type { OpenHandsConversation, OpenHandsScript } from '../../dev-stack/stand-ins/openhands-conversation.js';
import type { OpenHandsEvent } from '../../dev-stack/stand-ins/openhands-events.js';
import { OpenHandsStandIn, type OpenHandsStandInOptions } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import {
  assertHeard,
  assertReason,
  type Course,
  deadlineWhere,
  deliveredOnce,
  longestPart,
  turnsAbout,
} from './random-checks.js';
import { type End, maximumAttempts, type Scene } from './random-run.js';
import {
  anyTrouble,
  type Happenings,
  hasStranger,
  includesSilence,
  injectTroubles,
  onceIn,
  type RequestKinds,
  someLooks,
  type Trouble,
  weighted,
} from './random-troubles.js';

/** The text of the message, in this start and in an earlier life with the same message. */
const text = 'Fix the build';

/** What a server stores if it takes a word of it for a secret. */
const maskedText = 'Fix the <secret_hidden>';

/** Everything that happens to one start. Plain JSON, driven by request counts, never by a clock. */
export interface OpenHandsSchedule {
  /** How this start sends its message, if it has one. */
  readonly message: 'initial' | 'images' | 'replay' | 'none';
  readonly server: keyof typeof servers;
  /**
   * What the server knows of the conversation before the start. If its loop is alive, `script` begins with its next
   * turn.
   */
  readonly before: keyof typeof earlierLives;
  /** The look at which a turn from before the start ends. */
  readonly earlierLooks: number;
  readonly script: OpenHandsScript;
  readonly troubles: readonly Trouble<keyof typeof requests, keyof typeof incidents>[];
}

const servers = {
  '0.55': {},
  '0.51': { version: '0.51.1' },
  '1.6': { version: '1.6.0' },
  'without Docker': { version: '1.6.0', brokenStatus: 'error-and-close' },
  'without status, cutting the connection': { brokenStatus: 'cut' },
  'without microagents': { hasMicroagents: false },
  'without status and microagents': { brokenStatus: 'error', hasMicroagents: false },
  'with a status that hangs': { brokenStatus: 'silence' },
  'that knows a secret': { secrets: ['build'] },
  'without vision': { hasVision: false },
  'of another API': { version: '1.7.0' },
} satisfies Record<string, OpenHandsStandInOptions>;

/** A loop that was asked something else and has got as far as the script says. */
function earlierTurn(script: (earlierLooks: number) => OpenHandsScript) {
  return (server: OpenHandsStandIn, sid: string, earlierLooks: number) => {
    server.script(sid, script(earlierLooks));
    server.createConversation(sid, { initial_user_msg: 'Something else' });
  };
}

/** How a failing turn reports its error. */
function failingTurn(how: OpenHandsScript = {}) {
  return earlierTurn((runningLooks) => ({ agent: 'errors', runningLooks, ...how }));
}

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
  'a life with odd events': (server, sid) => {
    const conversation = server.createConversation(sid);
    for (const event of oddEvents) conversation.appendOdd(event);
    server.restart();
  },
  'an idle loop': (server, sid) => server.createConversation(sid),
  'a loop that answered the same text': (server, sid) => server.createConversation(sid, { initial_user_msg: text }),
  'a loop that keeps working': earlierTurn(() => ({ agent: 'runs' })),
  'a loop that loads': earlierTurn(() => ({ loadingLooks: 3 })),
  'a turn that ends well': earlierTurn((runningLooks) => ({ runningLooks })),
  'a turn that uses tools': earlierTurn((runningLooks) => ({ runningLooks, toolCalls: 2 })),
  'a turn that fails': failingTurn(),
  'a turn that fails, again once ours has begun': failingTurn({ secondError: 'begun' }),
  'a turn that fails, again once ours was looked up': failingTurn({ secondError: 'begun', recallsFirst: false }),
  'a turn that fails, again once ours was answered': failingTurn({ secondError: 'answered' }),
  'a turn that halts': earlierTurn((runningLooks) => ({ agent: 'halts', endsIn: 'paused', runningLooks })),
} satisfies Record<string, (server: OpenHandsStandIn, sid: string, earlierLooks: number) => unknown>;

const oddEvents: object[] = [
  { id: '7', source: 'agent', observation: 'agent_state_changed', extras: { agent_state: 'running', reason: null } },
  { id: -1, source: 'user', action: 'message', args: { content: { text } } },
  { id: 5, source: 'user', action: 'message', args: { content: null } },
  { id: 5, source: 'environment', observation: 'agent_state_changed', extras: null },
  { id: 'x'.repeat(300), action: 7 },
];

const incidents = {
  'stays up': () => {},
  restarts: (server) => server.restart(),
  evicts: (server, sid) => {
    if (server.has(sid)) server.evict(sid);
  },
  'loses its disk': (server) => server.restart({ losesConversations: true }),
  'is killed during a write': (server, sid) => {
    server.restart();
    if (server.has(sid)) server.conversation(sid).hasBrokenMetadata = true;
  },
  'gets a message from a stranger': (server, sid) => {
    if (!server.has(sid) || !server.conversation(sid).isLive) return;
    server.conversation(sid).dispatch({ action: 'message', args: { content: 'The key is <secret_hidden>' } });
  },
} satisfies Happenings<OpenHandsStandIn>;

const requests = {
  any: () => ({ path: /./ }),
  create: () => ({ method: 'POST', path: '/api/conversations' }),
  'read events': () => ({ method: 'GET', path: /\/events\?/ }),
  'read status': (sid) => ({ method: 'GET', path: `/api/conversations/${sid}` }),
  'send event': () => ({ method: 'POST', path: /\/events$/ }),
  'ask whether the loop is alive': () => ({ method: 'GET', path: /\/microagents$/ }),
} satisfies RequestKinds;

/** The states of an agent that works or waits for a person. */
const goodStates = ['awaiting_user_input', 'finished', 'awaiting_user_confirmation', 'running'];

/** Any schedule. The smallest is a start without trouble. */
export function anyOpenHandsSchedule(): fc.Arbitrary<OpenHandsSchedule> {
  return fc.record({
    message: weighted<OpenHandsSchedule['message']>({ initial: 12, images: 1, none: 2, replay: 2 }),
    server: weighted<OpenHandsSchedule['server']>({
      '0.55': 12,
      '0.51': 2,
      '1.6': 2,
      'without Docker': 6,
      'without status, cutting the connection': 2,
      'without microagents': 2,
      'without status and microagents': 3,
      'with a status that hangs': 1,
      'that knows a secret': 3,
      'without vision': 2,
      'of another API': 1,
    }),
    before: weighted<OpenHandsSchedule['before']>({
      nothing: 10,
      'a life that ended': 3,
      'a life that was evicted': 1,
      'a life that ended unanswered': 1,
      'a life with odd events': 1,
      'an idle loop': 1,
      'a loop that answered the same text': 1,
      'a loop that keeps working': 1,
      'a loop that loads': 1,
      'a turn that ends well': 2,
      'a turn that uses tools': 1,
      'a turn that fails': 2,
      'a turn that fails, again once ours has begun': 1,
      'a turn that fails, again once ours was looked up': 1,
      'a turn that fails, again once ours was answered': 1,
      'a turn that halts': 1,
    }),
    earlierLooks: fc.nat({ max: longestPart }),
    script: anyScript(),
    troubles: fc.array(
      anyTrouble(
        { any: 4, create: 3, 'read events': 3, 'read status': 2, 'send event': 2, 'ask whether the loop is alive': 1 },
        {
          'stays up': 12,
          restarts: 6,
          evicts: 2,
          'loses its disk': 1,
          'is killed during a write': 1,
          'gets a message from a stranger': 2,
        },
      ),
      { maxLength: 6, size: 'max' },
    ),
  });
}

function anyScript(): fc.Arbitrary<OpenHandsScript> {
  return fc
    .record({
      agent: weighted<NonNullable<OpenHandsScript['agent']>>({
        answers: 16,
        runs: 3,
        halts: 1,
        errors: 1,
        'error-on-load': 1,
        dead: 1,
      }),
      endsIn: weighted({
        awaiting_user_input: 20,
        finished: 2,
        awaiting_user_confirmation: 1,
        paused: 1,
        stopped: 1,
        rejected: 1,
        dreaming: 1,
      }),
      statusWhileLoading: fc.constantFrom('STARTING' as const, 'RUNNING' as const),
      unstartedLooks: someLooks(longestPart),
      loadingLooks: someLooks(longestPart),
      runningLooks: someLooks(longestPart),
      toolCalls: someLooks(2),
      deliveryTrails: someLooks(2),
      recallsFirst: onceIn(4),
      swallows: onceIn(30),
      statusLies: weighted<keyof typeof lyingStatuses>({ none: 12, stopped: 1, 'stopped twice': 1, absent: 1 }).map(
        (lies): (string | null)[] => lyingStatuses[lies],
      ),
    })
    .map((script) => {
      // All are counted from the loop's start: it loads after it has started, and runs after it has loaded.
      const { unstartedLooks } = script;
      const loadingLooks = script.loadingLooks + (unstartedLooks && unstartedLooks + 1);
      return { ...script, loadingLooks, runningLooks: loadingLooks + script.runningLooks };
    });
}

const lyingStatuses = {
  none: [],
  stopped: ['STOPPED'],
  'stopped twice': ['STOPPED', 'STOPPED'],
  absent: [null],
} satisfies Record<string, (string | null)[]>;

/** Sets up a server so that all of this happens to a conversation. */
export async function stageOpenHands(schedule: OpenHandsSchedule): Promise<Scene> {
  const server = await OpenHandsStandIn.listen(servers[schedule.server]);
  const input = inputOf(schedule, server.url);
  const { sid } = input;
  earlierLives[schedule.before](server, sid, schedule.earlierLooks);
  server.script(sid, schedule.script);
  const inherited = new Set(server.has(sid) ? server.conversation(sid).events : []);
  const troubled = injectTroubles(server, sid, schedule.troubles, { requests, incidents: incidentsAfter(schedule) });
  return {
    server,
    input,
    check: (end) => check(end, schedule, { server, sid, inherited, troubled }),
    stream: () => (server.has(sid) ? server.conversation(sid).events.map(outline) : []),
  };
}

/**
 * What may happen after an earlier life. Excluded: a stream that is lost just before the create. It can't be told from
 * the stream that the create begins, because their ids are the same and the watermark hides the new events.
 */
function incidentsAfter({ before }: OpenHandsSchedule): Happenings<OpenHandsStandIn> {
  return before === 'nothing' ? incidents : { ...incidents, 'loses its disk': incidents.restarts };
}

function inputOf(schedule: OpenHandsSchedule, apiUrl: string): Scene['input'] {
  const isSilent = includesSilence(schedule.troubles) || schedule.server === 'with a status that hangs';
  const deadline = deadlineWhere(isSilent);
  const replay = [
    { source: 'user', action: 'message', args: { content: text } },
    { source: 'agent', action: 'message', args: { content: 'Done.', wait_for_response: true } },
  ];
  const messages = {
    initial: { initialUserMsg: { content: text } },
    images: { initialUserMsg: { content: text, imageUrls: ['data:image/png;base64,AA=='] } },
    replay: { initialUserMsg: null, replayJson: JSON.stringify(replay) },
    none: { initialUserMsg: null },
  };
  return inputFor(apiUrl, {
    ...messages[schedule.message],
    client: { timeout: deadline },
    readiness: { maximumAttempts, lookTimeout: deadline },
  });
}

type OpenHandsCourse = Course<OpenHandsStandIn, OpenHandsEvent>;

/** Checks the invariants against the server's own state. */
function check(end: End, schedule: OpenHandsSchedule, course: OpenHandsCourse): void {
  const { server, sid, inherited } = course;
  const conversation = server.has(sid) ? server.conversation(sid) : undefined;
  const ours = deliveredOnce(conversation?.events ?? [], isOurs, inherited);
  // A turn that ends without an action of the agent leaves no trace.
  if (conversation && ours && schedule.script.agent !== 'halts') assertAskedOnce(conversation, ours);
  if ('ready' in end) assertReady(end.ready, ours, schedule, course);
  else assertFailedForAReason(end, schedule, course);
}

function isOurs({ action, source, args }: OpenHandsEvent): boolean {
  return action === 'message' && source === 'user' && (args?.content === text || args?.content === maskedText);
}

/** Each life asks about a message at most once, and no life asks after one that got an answer. */
function assertAskedOnce(conversation: OpenHandsConversation, ours: OpenHandsEvent): void {
  const asking = turnsAbout(conversation, ours);
  for (const [index, { life, isAnswered }] of asking.entries()) {
    const later = asking.slice(index + 1);
    assert(!isAnswered || later.length === 0, 'the model is asked about the message again, after its answer');
    assert(!later.some((turn) => turn.life === life), 'the model is asked about the message twice in one life');
  }
}

function assertReady(
  { conversationId, attempts }: { conversationId: string; attempts: number },
  ours: OpenHandsEvent | undefined,
  schedule: OpenHandsSchedule,
  { server, sid }: OpenHandsCourse,
): void {
  assert.equal(conversationId, sid);
  assert(attempts >= 1 && attempts <= maximumAttempts, `it took ${attempts} looks`);
  assert(server.has(sid), 'it is ready, but the server does not have it');
  const conversation = server.conversation(sid);
  const { isLive, agentState } = conversation;
  if (reportsLife(schedule)) assert(isLive, 'it is ready, but no loop runs');
  // An agent that only failed for others is ready, because it takes the next message.
  const mayHaveFailed =
    schedule.message === 'none' || schedule.before === 'a turn that fails, again once ours was answered';
  const good = mayHaveFailed ? [...goodStates, 'error'] : goodStates;
  const seen = [agentState, stateBeforeStranger(conversation)];
  assert(
    seen.some((state) => good.includes(String(state))),
    `it is ready, but its agent is in ${agentState}`,
  );
  if (schedule.message !== 'none') assert(ours, 'it is ready, but the message is not in the stream');
  if (ours && isLive && (schedule.message === 'initial' || schedule.message === 'images')) {
    assertHeard(conversation.turns, ours, () => conversation.look());
  }
}

/** A stranger may speak after the last events were read and before the check ends. */
function stateBeforeStranger({ events }: OpenHandsConversation): unknown {
  const at = events.findLastIndex((event) => event.action === 'message' && event.source === 'user' && !isOurs(event));
  const states = events.slice(0, Math.max(at, 0)).filter(({ observation }) => observation === 'agent_state_changed');
  return states.at(-1)?.extras?.agent_state;
}

/** Whether the server tells that a loop has ended. If not, a start can only use the events. */
function reportsLife({ server, troubles }: OpenHandsSchedule): boolean {
  const { brokenStatus, hasMicroagents = true }: OpenHandsStandInOptions = servers[server];
  // A gateway's 404 looks like that of a server without the route.
  const seemsToLackRoute = troubles.some(({ fault }) => fault === 'answer 404');
  if (hasMicroagents && !seemsToLackRoute) return true;
  // A restart does not show either if the status can't be read at that moment, or never could.
  const hidesStatus = troubles.some(
    ({ request, fault }) => fault !== 'none' && ['any', 'read status'].includes(request),
  );
  const restarts = troubles.some(({ server: incident }) => incident === 'restarts');
  return brokenStatus === undefined && !(hidesStatus && restarts);
}

function assertFailedForAReason(
  end: Extract<End, { failed: unknown }>,
  schedule: OpenHandsSchedule,
  { server, sid, troubled }: OpenHandsCourse,
): void {
  if (schedule.before === 'a life with odd events') return;
  assertReason(end, {
    troubles: schedule.troubles,
    calmLooks: server.requests.slice(troubled()).filter(({ path }) => path.includes('/events?')).length,
    isHopeless: !isFine(schedule, server, sid) || mayHaveLostMessage(schedule),
    isRejected: schedule.server === 'of another API',
  });
}

/** Whether the conversation ends well once all troubles are over. */
function isFine(schedule: OpenHandsSchedule, server: OpenHandsStandIn, sid: string): boolean {
  const { agent = 'answers', endsIn = '', swallows = false } = schedule.script;
  if (schedule.server === 'of another API' || (server.has(sid) && server.conversation(sid).hasBrokenMetadata))
    return false;
  if (swallows || (schedule.server === 'without vision' && schedule.message === 'images')) return false;
  // An agent that somebody paused before it read the message stays paused.
  if (schedule.before === 'a turn that halts') return false;
  // Nothing tells whether the answer to the create is about a loop that was already loading.
  if (schedule.server === 'without status and microagents' && schedule.before === 'a loop that loads') return false;
  // A loop that is already alive takes no replay.
  if (schedule.message === 'replay' && !['nothing', 'a life that ended'].includes(schedule.before)) return false;
  if (!goodStates.includes(endsIn)) return false;
  // A stranger's step that waits for a person keeps the agent from the message.
  if (hasStranger(schedule.troubles) && endsIn === 'awaiting_user_confirmation') return false;
  // An agent that was already working, and never begins another action, does not show what it works on.
  if (agent === 'runs') {
    const isBusy = ['a loop that keeps working', 'a loop that loads'].includes(schedule.before) || hasTurn(schedule);
    return !isBusy && !hasStranger(schedule.troubles);
  }
  return agent === 'answers';
}

function hasTurn({ before }: OpenHandsSchedule): boolean {
  return before.startsWith('a turn that');
}

/**
 * An accepted message can be lost with its loop. If nothing shows that the loop has ended, the message is missed
 * forever. When the disk is lost, the same is true of everything that was read before.
 */
function mayHaveLostMessage(schedule: OpenHandsSchedule): boolean {
  const happens = (...incidents: string[]) => schedule.troubles.some(({ server }) => incidents.includes(server));
  return happens('loses its disk') || (happens('restarts', 'evicts') && !reportsLife(schedule));
}

function outline(event: OpenHandsEvent): string {
  const { id, source, action, observation, args, extras, cause } = event;
  return JSON.stringify({ id, source, action, observation, ...args, ...extras, cause }).slice(0, 150);
}
