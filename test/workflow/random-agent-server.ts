import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { inputFor } from '../../dev-stack/input-for.js';
import {
  type AgentServerConversation,
  type AgentServerEvent,
  type AgentServerScript,
  textOf,
} from '../../dev-stack/stand-ins/agent-server-conversation.js';
import type { SendMessageRequest } from '../../dev-stack/stand-ins/agent-server-requests.js';
import { AgentServerStandIn, type AgentServerStandInOptions } from '../../dev-stack/stand-ins/agent-server-stand-in.js';
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

/** The text of the message, in this start and in an earlier run with the same message. */
const text = 'Fix the build';

/** Everything that happens to one start. Plain JSON, driven by request counts, never by a clock. */
export interface AgentServerSchedule {
  /** How this start sends its message, if it has one. */
  readonly message: 'initial' | 'images' | 'none';
  readonly spelling: keyof typeof spellings;
  readonly server: keyof typeof servers;
  /** What the server knows of the conversation before the start. `script` begins with its next run. */
  readonly before: keyof typeof earlierRuns;
  /** The look at which a run from before the start ends. */
  readonly earlierLooks: number;
  readonly script: AgentServerScript;
  readonly troubles: readonly Trouble<keyof typeof requests, keyof typeof incidents>[];
}

const spellings = {
  usual: (id: string) => id,
  upper: (id: string) => id.toUpperCase(),
  bare: (id: string) => id.replaceAll('-', ''),
};

const servers = {
  '1.58': { version: '1.58.2' },
  '1.55': { version: '1.55.1' },
  '1.40': { version: '1.40.0' },
  '1.23': { version: '1.23.1' },
  'that looks for pages among matching events': { traits: { findsPagesByAnyEvent: false, knowsBareKinds: false } },
  'too old': { version: '1.22.1' },
} satisfies Record<string, AgentServerStandInOptions>;

const message = (words: string): SendMessageRequest => ({ role: 'user', content: [{ type: 'text', text: words }] });

type EarlierRun = (server: AgentServerStandIn, id: string, earlierLooks: number) => unknown;

/** A conversation that was asked something and has got as far as the script says. */
function earlierRun(script: (earlierLooks: number) => AgentServerScript, words = 'Something else'): EarlierRun {
  return (server, id, earlierLooks) => {
    server.script(id, script(earlierLooks));
    server.createConversation(id, message(words));
  };
}

function interrupted(signal: 'SIGTERM' | 'SIGKILL'): EarlierRun {
  return (server, id) => {
    earlierRun(() => ({ agent: 'runs' }), text)(server, id, 0);
    server.restart({ signal });
  };
}

const earlierRuns = {
  nothing: () => {},
  'an idle conversation': (server, id) => server.createConversation(id),
  'a conversation that answered the same text': earlierRun(() => ({}), text),
  'a conversation that was terminated': interrupted('SIGTERM'),
  'a conversation that was killed': interrupted('SIGKILL'),
  'a conversation that failed': earlierRun(() => ({ agent: 'error' })),
  'a conversation that is stuck': earlierRun(() => ({ agent: 'stuck' })),
  'a run that ends well': earlierRun((runningLooks) => ({ runningLooks })),
  'a run that uses tools': earlierRun((runningLooks) => ({ runningLooks, toolCalls: 2 })),
  'a run that fails': earlierRun((runningLooks) => ({ agent: 'error', runningLooks })),
  'a run that keeps working': earlierRun(() => ({ agent: 'runs' })),
} satisfies Record<string, EarlierRun>;

const incidents = {
  'stays up': () => {},
  'is terminated': (server) => server.restart({ signal: 'SIGTERM' }),
  'is killed': (server) => server.restart({ signal: 'SIGKILL' }),
  'loses its disk': (server) => server.restart({ signal: 'SIGKILL', losesConversations: true }),
  'is at capacity': (server) => {
    server.options.refusesRuns = 1;
  },
  'moves to another host': (server, id) => {
    if (server.has(id)) server.conversation(id).changeHost(3);
  },
  'gets a message from a stranger': (server, id) => {
    if (!server.has(id)) return;
    const conversation = server.conversation(id);
    conversation.receive(message('The key is <secret_hidden>'));
    if (!conversation.isRunning) conversation.run();
  },
} satisfies Happenings<AgentServerStandIn>;

const requests = {
  any: () => ({ path: /./ }),
  create: () => ({ method: 'POST', path: '/api/conversations' }),
  'count events': () => ({ method: 'GET', path: /\/events\/count/ }),
  'read events': () => ({ method: 'GET', path: /\/events\/search/ }),
  'read status': () => ({ method: 'GET', path: /^\/api\/conversations\/[^/]+$/ }),
  'send message': () => ({ method: 'POST', path: /\/events$/ }),
  run: () => ({ method: 'POST', path: /\/run$/ }),
  'ask about the server': () => ({ method: 'GET', path: '/server_info' }),
} satisfies RequestKinds;

/** The states of an agent that works on the message or waits for a person. */
const goodStatuses = ['running', 'finished', 'waiting_for_confirmation'];

/** Any schedule. The smallest is a start without trouble. */
export function anyAgentServerSchedule(): fc.Arbitrary<AgentServerSchedule> {
  return fc.record({
    message: weighted<AgentServerSchedule['message']>({ initial: 12, images: 1, none: 2 }),
    spelling: weighted<AgentServerSchedule['spelling']>({ usual: 8, upper: 1, bare: 1 }),
    server: weighted<AgentServerSchedule['server']>({
      '1.58': 8,
      '1.55': 3,
      '1.40': 5,
      '1.23': 3,
      'that looks for pages among matching events': 1,
      'too old': 1,
    }),
    before: weighted<AgentServerSchedule['before']>({
      nothing: 12,
      'an idle conversation': 2,
      'a conversation that answered the same text': 2,
      'a conversation that was terminated': 1,
      'a conversation that was killed': 1,
      'a conversation that failed': 1,
      'a conversation that is stuck': 1,
      'a run that ends well': 3,
      'a run that uses tools': 2,
      'a run that fails': 2,
      'a run that keeps working': 1,
    }),
    earlierLooks: fc.nat({ max: longestPart }),
    script: anyScript(),
    troubles: fc.array(
      anyTrouble(
        {
          any: 4,
          create: 3,
          'count events': 1,
          'read events': 2,
          'read status': 2,
          'send message': 2,
          run: 2,
          'ask about the server': 1,
        },
        {
          'stays up': 12,
          'is terminated': 4,
          'is killed': 3,
          'loses its disk': 1,
          'is at capacity': 2,
          'moves to another host': 2,
          'gets a message from a stranger': 2,
        },
      ),
      { maxLength: 6, size: 'max' },
    ),
  });
}

function anyScript(): fc.Arbitrary<AgentServerScript> {
  return fc
    .record({
      agent: weighted<NonNullable<AgentServerScript['agent']>>({
        finished: 16,
        runs: 4,
        error: 1,
        stuck: 1,
        waiting_for_confirmation: 1,
      }),
      absentLooks: someLooks(3),
      inStaleCatalogue: fc.boolean(),
      idleLooks: someLooks(longestPart),
      runningLooks: someLooks(longestPart),
      toolCalls: someLooks(2),
      deliveryTrails: fc.oneof(
        { weight: 6, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
      ),
      errorEventTrails: someLooks(3),
      losesMessage: onceIn(10),
      swallows: onceIn(30),
      refusesRun: onceIn(30),
      titleErrors: onceIn(15),
      trailsStats: onceIn(4),
      odds: weighted<keyof typeof odds>({ none: 30, breakingCreate: 2, breakingDelivery: 1, deleting: 1 }),
    })
    .map(({ odds: odd, ...script }) => {
      // Both are counted from the create: the agent runs after it has been idle.
      return { ...script, runningLooks: script.idleLooks + script.runningLooks, ...odds[odd] };
    });
}

const noMcpServer = 'MCP Connection Failure: Failed to connect to MCP server';

const odds = {
  none: {},
  breakingCreate: { createBreaks: noMcpServer },
  breakingDelivery: { createBreaks: noMcpServer, deliveryBreaks: noMcpServer },
  deleting: { executionStatus: 'deleting' },
} satisfies Record<string, AgentServerScript>;

/** Sets up a server so that all of this happens to a conversation. */
export async function stageAgentServer(schedule: AgentServerSchedule): Promise<Scene> {
  const server = await AgentServerStandIn.listen(servers[schedule.server]);
  const id = randomUUID();
  earlierRuns[schedule.before](server, id, schedule.earlierLooks);
  // A conversation that existed before stays in the catalogue.
  const inStaleCatalogue = schedule.script.inStaleCatalogue || server.has(id);
  server.script(id, { ...schedule.script, inStaleCatalogue });
  const inherited = new Set(server.has(id) ? server.conversation(id).events : []);
  const troubled = injectTroubles(server, id, schedule.troubles, { requests, incidents });
  return {
    server,
    input: inputOf(schedule, server.url, spellings[schedule.spelling](id)),
    check: (end) => check(end, schedule, { server, sid: id, inherited, troubled }),
    stream: () => (server.has(id) ? server.conversation(id).events.map(outline) : []),
  };
}

function inputOf(schedule: AgentServerSchedule, apiUrl: string, sid: string): Scene['input'] {
  const isSilent = includesSilence(schedule.troubles) || (schedule.script.deliveryTrails ?? 0) > 0;
  const deadline = deadlineWhere(isSilent);
  const messages: Record<AgentServerSchedule['message'], CreateNestedConversationInput['initialUserMsg']> = {
    initial: { content: text },
    images: { content: text, imageUrls: ['data:image/png;base64,AA=='] },
    none: null,
  };
  return inputFor(apiUrl, {
    sid,
    server: 'agent-server',
    settings: { agentSettings: { llm: { model: 'openai/gpt-4o' } }, workspace: { working_dir: '/workspace' } },
    initialUserMsg: messages[schedule.message],
    client: { timeout: deadline },
    readiness: { maximumAttempts, lookTimeout: deadline },
  });
}

type AgentServerCourse = Course<AgentServerStandIn, AgentServerEvent>;

/** Checks the invariants against the server's own state. */
function check(end: End, schedule: AgentServerSchedule, course: AgentServerCourse): void {
  const { server, sid: id, inherited } = course;
  const conversation = server.has(id) ? server.conversation(id) : undefined;
  const ours = deliveredOnce(conversation?.events ?? [], isOurs, inherited);
  if (conversation && ours) assertAskedOnce(conversation, ours, schedule);
  if ('ready' in end) assertReady(end.ready, ours, schedule, course);
  else assertFailedForAReason(end, schedule, course);
}

function isOurs(event: AgentServerEvent): boolean {
  return event.kind === 'MessageEvent' && event.source === 'user' && textOf(event) === text;
}

/**
 * Between two restarts, the model is asked about a message once, and not again after an answer. If events can't tell
 * whether a message that was stored at a tool's end has been taken up, asking once more is the lesser harm.
 */
function assertAskedOnce(
  conversation: AgentServerConversation,
  ours: AgentServerEvent,
  schedule: AgentServerSchedule,
): void {
  const asking = turnsAbout(conversation, ours);
  const { toolCalls = 0, deliveryTrails = 0 } = schedule.script;
  const isClear = toolCalls === 0 && deliveryTrails === 0 && schedule.before !== 'a run that uses tools';
  const most = isClear ? 1 : 2;
  for (const [index, { restarts, isAnswered }] of asking.entries()) {
    const later = asking.slice(index + 1);
    const again = isAnswered ? later : later.filter((turn) => turn.restarts === restarts);
    assert(again.length < most, `the model is asked about the message ${again.length + 1} times`);
  }
}

function assertReady(
  { conversationId, attempts }: { conversationId: string; attempts: number },
  ours: AgentServerEvent | undefined,
  schedule: AgentServerSchedule,
  { server, sid: id }: AgentServerCourse,
): void {
  assert.equal(conversationId.replaceAll('-', '').toLowerCase(), id.replaceAll('-', ''));
  assert(attempts >= 1 && attempts <= maximumAttempts, `it took ${attempts} looks`);
  assert(server.has(id), 'it is ready, but the server does not have it');
  const conversation = server.conversation(id);
  const { executionStatus, isAbsent } = conversation;
  // Since its events were read, another host may have taken it over, or the server may be about to load it again.
  const mayBeAbsent = schedule.troubles.some((trouble) => trouble.server !== 'stays up');
  assert(!isAbsent || mayBeAbsent, 'it is ready, but its events are absent');
  assert(schedule.script.executionStatus === undefined, `it is ready, but ${schedule.script.executionStatus}`);
  if (schedule.message === 'none') return;
  assert(ours, 'it is ready, but the message is not in the stream');
  assert(goodStatuses.includes(executionStatus), `it is ready, but ${executionStatus}`);
  assertHeard(conversation.turns, ours, () => conversation.look('status'));
}

function assertFailedForAReason(
  end: Extract<End, { failed: unknown }>,
  schedule: AgentServerSchedule,
  { server, troubled }: AgentServerCourse,
): void {
  const { troubles, script } = schedule;
  const isStatus = ({ method, path }: { method: string; path: string }) =>
    method === 'GET' && requests['read status']().path.test(path);
  const isBroken = script.createBreaks !== undefined;
  assertReason(end, {
    troubles,
    calmLooks: server.requests.slice(troubled()).filter(isStatus).length,
    isHopeless: !isFine(schedule) || troubles.some((trouble) => trouble.server === 'loses its disk'),
    isRejected: isBroken || schedule.server === 'too old',
    isUnavailable: isBroken || (script.absentLooks ?? 0) > 0,
  });
}

/** Whether the conversation ends well once all troubles are over. */
function isFine({ server, script, before, message: kind, troubles }: AgentServerSchedule): boolean {
  const { agent = 'finished', swallows = false, refusesRun = false, executionStatus, deliveryBreaks } = script;
  if (server === 'too old' || executionStatus !== undefined || deliveryBreaks !== undefined) return false;
  // An agent that failed in an earlier run neither works nor waits for a person.
  if (kind === 'none')
    return ![
      'a conversation that was killed',
      'a conversation that failed',
      'a conversation that is stuck',
      'a run that fails',
    ].includes(before);
  if (swallows || refusesRun || before === 'a run that keeps working') return false;
  // A stranger's run that never ends keeps the agent from our message. So does a step that waits for a person.
  if (hasStranger(troubles) && (agent === 'runs' || agent === 'waiting_for_confirmation')) return false;
  return goodStatuses.includes(agent === 'runs' ? 'running' : agent);
}

function outline({ id, source, kind, key, value, llm_message: said, parent_id: parent }: AgentServerEvent): string {
  const words = said === undefined ? undefined : JSON.stringify(said).slice(0, 100);
  return JSON.stringify({ id: id.slice(0, 8), source, kind, key, value, words, parent });
}
