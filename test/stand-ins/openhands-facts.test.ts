import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { call, type Reply, withoutId } from './call.js';

/**
 * What OpenHands 0.55.0 does, as one table. It runs against the stand-in. If REAL_OPENHANDS_URL is set, it also runs
 * against that real server, which proves the stand-in faithful. The server needs RUNTIME=cli,
 * ALLOW_SET_CONVERSATION_ID=1, posted settings, and a model that answers.
 */
interface Fact {
  fact: string;
  /** Does something to a server and returns the result. */
  observe: (server: Subject) => Promise<unknown>;
  expected: unknown;
}

type Event = Record<string, unknown> & { id: number };

const MILLISECONDS_BETWEEN_REQUESTS = 110;
const MOST_LOOKS = 100;

/** A server under observation, with one conversation, `sid`, per fact. */
class Subject {
  readonly sid = `st-${randomUUID().slice(0, 8)}`;

  constructor(
    readonly url: string,
    readonly isReal: boolean,
  ) {}

  async call(method: string, path: string, body?: unknown): Promise<Reply> {
    // A real server delays a client that sends more than ten requests per second.
    if (this.isReal) await setTimeout(MILLISECONDS_BETWEEN_REQUESTS);
    return withoutId(await call(this.url, method, path, { body }), this.sid, 'SID');
  }

  create(body: Record<string, unknown> = {}, sid = this.sid): Promise<Reply> {
    return this.call('POST', '/api/conversations', { conversation_id: sid, ...body });
  }

  post(event: unknown): Promise<Reply> {
    return this.call('POST', `/api/conversations/${this.sid}/events`, event);
  }

  async events(query = 'limit=100'): Promise<Event[]> {
    const { body } = await this.call('GET', `/api/conversations/${this.sid}/events?${query}`);
    // A real server answers 500 while it writes an event's file.
    return (body as { events?: Event[] }).events ?? [];
  }

  /** The stream, one line per event. */
  async trace(): Promise<string[]> {
    return settleRace((await this.events()).map(outline));
  }

  /** The stream, once its newest event has the expected value. */
  async traceUntil(newest: string): Promise<string[]> {
    let trace: string[] = [];
    for (let look = 0; look < MOST_LOOKS; look += 1) {
      trace = await this.trace();
      if (trace.at(-1)?.endsWith(newest)) break;
    }
    return trace;
  }

  async info(): Promise<Record<string, unknown>> {
    const { body } = await this.call('GET', `/api/conversations/${this.sid}`);
    return body as Record<string, unknown>;
  }
}

function outline({ id, source, action, observation, cause, args, extras }: Event): string {
  const { agent_state: toState, content, query } = (args ?? {}) as Record<string, string>;
  const { agent_state: state } = (extras ?? {}) as Record<string, string>;
  const detail = action === 'system' ? undefined : (state ?? toState ?? query ?? content);
  const words = [id, source, action ?? observation, cause !== undefined && `of ${cause}`, detail];
  return words.filter((word) => word !== undefined && word !== false).join(' ');
}

/**
 * In a real server, memory and controller race: a recall's answer may come before the `running` that normally precedes
 * it.
 */
function settleRace(trace: string[]): string[] {
  const settled = [...trace];
  for (const [index, line] of trace.entries()) {
    const [earlier, later] = [line.replace(/^\d+ /, ''), trace[index + 1]?.replace(/^\d+ /, '')];
    if (!/^environment (recall|null) of/.test(earlier) || later !== 'environment agent_state_changed running') continue;
    settled[index] = `${index} ${later}`;
    settled[index + 1] = `${index + 1} ${earlier}`;
  }
  return settled;
}

const withMessage = [
  '0 environment agent_state_changed loading',
  '1 agent system',
  '2 user message hello',
  '3 environment change_agent_state running',
  '4 user recall hello',
  '5 environment agent_state_changed running',
  '6 environment recall of 4',
  '7 agent message Hello from the model.',
  '8 environment agent_state_changed awaiting_user_input',
];

const withoutMessage = [
  '0 environment agent_state_changed loading',
  '1 agent system',
  '2 environment change_agent_state awaiting_user_input',
  '3 environment agent_state_changed awaiting_user_input',
];

const dead = ['0 environment agent_state_changed loading', '1 agent system'];

const recordedMessage = { source: 'user', action: 'message', args: { content: 'hello' } };
const recordedAnswer = { source: 'agent', action: 'message', args: { content: 'A', wait_for_response: true } };

/** Creates a conversation, and then enough others that the server closes it. */
async function createClosed(server: Subject, body: Record<string, unknown>): Promise<void> {
  await server.create(body);
  await server.traceUntil('awaiting_user_input');
  for (const suffix of ['a', 'b', 'c']) await server.create({}, `${server.sid}${suffix}`);
  await server.traceUntil('stopped');
}

const facts: Fact[] = [
  {
    fact: 'is alive without a session API key',
    observe: async (server) => [await server.call('GET', '/health'), await server.call('GET', '/alive')],
    expected: [
      { status: 200, body: 'OK' },
      { status: 200, body: { status: 'ok' } },
    ],
  },
  {
    fact: 'answers a create before the loop has started',
    observe: (server) => server.create({ initial_user_msg: 'hello' }),
    expected: {
      status: 200,
      body: { status: 'ok', conversation_id: 'SID', message: null, conversation_status: 'STARTING' },
    },
  },
  {
    fact: 'answers the message, then waits for the next',
    observe: async (server) => {
      await server.create({ initial_user_msg: 'hello' });
      return server.traceUntil('awaiting_user_input');
    },
    expected: withMessage,
  },
  {
    fact: 'waits for the first message if there is none or an empty one',
    observe: async (server) => {
      await server.create({ initial_user_msg: '', image_urls: [] });
      return server.traceUntil('awaiting_user_input');
    },
    expected: withoutMessage,
  },
  {
    fact: 'accepts blank text as a message',
    observe: async (server) => {
      await server.create({ initial_user_msg: ' ' });
      return (await server.traceUntil('awaiting_user_input'))[2];
    },
    expected: '2 user message  ',
  },
  {
    fact: 'accepts images without text as a message',
    observe: async (server) => {
      await server.create({ image_urls: ['data:image'] });
      await server.traceUntil('awaiting_user_input');
      return (await server.events('start_id=2&limit=1'))[0]?.args;
    },
    expected: { content: '', file_urls: null, image_urls: ['data:image'], wait_for_response: false, security_risk: -1 },
  },
  {
    fact: 'shows events with these keys',
    observe: async (server) => {
      await server.create({ initial_user_msg: 'hello' });
      await server.traceUntil('awaiting_user_input');
      const keys = (value: unknown) => Object.keys(value as object).join(' ');
      // Sorted, because two of them race in a real server.
      return (await server.events()).map((event) => [keys(event), keys(event.args ?? event.extras)]).sort();
    },
    expected: [
      ['id timestamp source message observation content extras', 'agent_state reason'],
      ['id timestamp source message action args', 'content tools openhands_version agent_class'],
      ['id timestamp source message action args', 'content file_urls image_urls wait_for_response security_risk'],
      ['id timestamp source message action args', 'agent_state thought'],
      ['id timestamp source message action args', 'recall_type query thought'],
      ['id timestamp source message observation content extras', 'agent_state reason'],
      [
        'id timestamp source message cause observation content extras',
        'recall_type repo_name repo_directory repo_branch repo_instructions runtime_hosts additional_agent_instructions ' +
          'date custom_secrets_descriptions conversation_instructions working_dir microagent_knowledge',
      ],
      [
        'id timestamp source message action llm_metrics args',
        'content file_urls image_urls wait_for_response security_risk',
      ],
      ['id timestamp source message observation content extras', 'agent_state reason'],
    ].sort(),
  },
  {
    fact: 'describes a live conversation with these keys, as RUNNING and never READY',
    observe: async (server) => {
      await server.create();
      await server.traceUntil('awaiting_user_input');
      const { status, runtime_status: runtimeStatus, ...info } = await server.info();
      return { status, runtimeStatus, others: Object.keys(info).join(' ') };
    },
    expected: {
      status: 'RUNNING',
      runtimeStatus: 'STATUS$RUNTIME_STARTED',
      others:
        'conversation_id title last_updated_at selected_repository selected_branch git_provider trigger ' +
        'num_connections url session_api_key created_at pr_number',
    },
  },
  {
    fact: 'accepts a second create of a live conversation and ignores its message',
    observe: async (server) => {
      await server.create({ initial_user_msg: 'hello' });
      await server.traceUntil('awaiting_user_input');
      const { status, body } = await server.create({ initial_user_msg: 'again' });
      return [status, body, await server.traceUntil('awaiting_user_input')];
    },
    expected: [
      200,
      { status: 'ok', conversation_id: 'SID', message: null, conversation_status: 'RUNNING' },
      withMessage,
    ],
  },
  {
    fact: 'reports a closed conversation as STOPPED and keeps its events',
    observe: async (server) => {
      await createClosed(server, { initial_user_msg: 'hello' });
      const { status, runtime_status: runtimeStatus, url } = await server.info();
      const post = await server.post({ action: 'message', args: { content: 'anyone?' } });
      return [{ status, runtimeStatus, url }, post, await server.trace()];
    },
    expected: [
      { status: 'STOPPED', runtimeStatus: null, url: null },
      { status: 500, body: 'Internal Server Error' },
      [...withMessage, '9 environment agent_state_changed stopped'],
    ],
  },
  {
    fact: 'reports whether a loop is alive without adding events',
    observe: async (server) => {
      const ask = () => server.call('GET', `/api/conversations/${server.sid}/microagents`);
      const unknown = await ask();
      await server.create();
      const before = await server.traceUntil('awaiting_user_input');
      const live = await ask();
      const added = (await server.trace()).length - before.length;
      for (const suffix of ['a', 'b', 'c']) await server.create({}, `${server.sid}${suffix}`);
      await server.traceUntil('stopped');
      return [unknown, live.status, Object.keys(live.body as object), added, await ask()];
    },
    expected: [
      { status: 404, body: { detail: 'Conversation SID not found' } },
      200,
      ['microagents'],
      0,
      { status: 404, body: { error: 'Agent session not found for this conversation' } },
    ],
  },
  {
    fact: 'reports its uptime, and its version only in its schema',
    observe: async (server) => {
      const { body: info } = await server.call('GET', '/server_info');
      const { uptime, ...others } = info as Record<string, unknown>;
      const { body: schema } = await server.call('GET', '/openapi.json');
      const { info: about } = schema as { info: Record<string, unknown> };
      return [typeof uptime, Object.keys(others), about.title, typeof about.version];
    },
    expected: ['number', ['idle_time', 'resources'], 'OpenHands', 'string'],
  },
  {
    fact: 'adds the message again if it is posted to a closed conversation',
    observe: async (server) => {
      await createClosed(server, { initial_user_msg: 'hello' });
      const { body } = await server.create({ initial_user_msg: 'hello' });
      return [body, (await server.traceUntil('awaiting_user_input')).slice(10)];
    },
    expected: [
      { status: 'ok', conversation_id: 'SID', message: null, conversation_status: 'STARTING' },
      [
        '10 environment agent_state_changed loading',
        '11 user message hello',
        '12 environment change_agent_state running',
        '13 user recall hello',
        '14 environment agent_state_changed running',
        '15 environment null of 13',
        '16 agent message Hello from the model.',
        '17 environment agent_state_changed awaiting_user_input',
      ],
    ],
  },
  {
    fact: 'resumes without a message and wakes on a null observation while running',
    observe: async (server) => {
      await createClosed(server, { initial_user_msg: 'hello' });
      await server.create();
      await server.traceUntil('awaiting_user_input');
      await server.post({ action: 'change_agent_state', args: { agent_state: 'running' } });
      await server.traceUntil('agent_state_changed running');
      await server.post({ observation: 'null', content: '', extras: {}, cause: 4 });
      return (await server.traceUntil('awaiting_user_input')).slice(10);
    },
    expected: [
      '10 environment agent_state_changed loading',
      '11 environment change_agent_state awaiting_user_input',
      '12 environment agent_state_changed awaiting_user_input',
      '13 user change_agent_state running',
      '14 environment agent_state_changed running',
      '15 user null of 4',
      '16 agent message Hello from the model.',
      '17 environment agent_state_changed awaiting_user_input',
    ],
  },
  {
    fact: 'accepts a message through the events route, the first with workspace information',
    observe: async (server) => {
      await server.create();
      await server.traceUntil('awaiting_user_input');
      const first = await server.post({ action: 'message', args: { content: 'first' } });
      await server.traceUntil('9 environment agent_state_changed awaiting_user_input');
      await server.post({ action: 'message', args: { content: 'second' } });
      const trace = await server.traceUntil('15 environment agent_state_changed awaiting_user_input');
      return [first, trace.slice(4)];
    },
    expected: [
      { status: 200, body: { success: true } },
      [
        '4 user message first',
        '5 user recall first',
        '6 environment agent_state_changed running',
        '7 environment recall of 5',
        '8 agent message Hello from the model.',
        '9 environment agent_state_changed awaiting_user_input',
        '10 user message second',
        '11 user recall second',
        '12 environment agent_state_changed running',
        '13 environment null of 11',
        '14 agent message Hello from the model.',
        '15 environment agent_state_changed awaiting_user_input',
      ],
    ],
  },
  {
    fact: 'does not wake on a null observation while it waits for input',
    observe: async (server) => {
      await server.create();
      await server.traceUntil('awaiting_user_input');
      await server.post({ observation: 'null', content: '', extras: {}, cause: 4 });
      return (await server.traceUntil('null of 4')).slice(4);
    },
    expected: ['4 user null of 4'],
  },
  {
    fact: 'answers 500 to an unknown event',
    observe: async (server) => {
      await server.create();
      await server.traceUntil('awaiting_user_input');
      return [await server.post({ nonsense: 1 }), await server.post([]), await server.post('{x')];
    },
    expected: Array(3).fill({ status: 500, body: 'Internal Server Error' }),
  },
  {
    fact: 'does not know a conversation that was never created',
    observe: async (server) => [
      await server.call('GET', `/api/conversations/${server.sid}`),
      await server.call('GET', `/api/conversations/${server.sid}/events`),
      await server.post({ action: 'message', args: { content: 'anyone?' } }),
      await server.call('DELETE', `/api/conversations/${server.sid}`),
    ],
    expected: [
      { status: 200, body: null },
      { status: 404, body: { detail: 'Conversation SID not found' } },
      { status: 404, body: { detail: 'Conversation SID not found' } },
      { status: 200, body: false },
    ],
  },
  {
    fact: 'forgets a conversation that is deleted',
    observe: async (server) => {
      await server.create();
      await server.traceUntil('awaiting_user_input');
      const deleted = await server.call('DELETE', `/api/conversations/${server.sid}`);
      return [deleted, await server.call('GET', `/api/conversations/${server.sid}`)];
    },
    expected: [
      { status: 200, body: true },
      { status: 200, body: null },
    ],
  },
  {
    fact: 'replays a recorded conversation',
    observe: async (server) => {
      await server.create({ replay_json: JSON.stringify([recordedMessage, recordedAnswer]) });
      return server.traceUntil('awaiting_user_input');
    },
    expected: withMessage.with(7, '7 agent message A'),
  },
  {
    fact: 'asks the model if a recording does not end in a question',
    observe: async (server) => {
      await server.create({
        replay_json: JSON.stringify([{ source: 'environment', observation: 'null', content: '' }, recordedMessage]),
      });
      return server.traceUntil('awaiting_user_input');
    },
    expected: withMessage,
  },
  ...[
    { what: 'is not JSON', replayJson: 'not json', trace: dead.slice(0, 1) },
    { what: 'is not a list', replayJson: '{}', trace: dead.slice(0, 1) },
    { what: 'is empty', replayJson: '[]', trace: dead },
    {
      what: 'does not start with a message',
      replayJson: JSON.stringify([{ ...recordedMessage, action: 'system' }]),
      trace: dead,
    },
    {
      what: 'comes with a message',
      replayJson: JSON.stringify([recordedMessage, recordedAnswer]),
      message: 'hello',
      trace: dead.slice(0, 1),
    },
  ].map(({ what, replayJson, message, trace }) => ({
    fact: `accepts a replay that ${what}, reports RUNNING and never leaves loading`,
    observe: async (server: Subject) => {
      const { status } = await server.create({ replay_json: replayJson, initial_user_msg: message });
      await server.traceUntil(trace.at(-1) ?? '');
      // Nothing more may come, even after a while.
      if (server.isReal) await setTimeout(1_000);
      return [status, (await server.info()).status, await server.trace()];
    },
    expected: [200, 'RUNNING', trace],
  })),
  {
    fact: 'stores a message in a dead conversation only if that has a controller',
    observe: async (server) => {
      await server.create({ replay_json: 'not json' });
      await server.traceUntil('loading');
      await server.post({ action: 'message', args: { content: 'anyone?' } });
      return server.traceUntil('anyone?');
    },
    expected: ['0 environment agent_state_changed loading', '1 user message anyone?'],
  },
  ...[
    {
      what: 'an unknown key',
      body: { user_id: 'x' },
      detail: { type: 'extra_forbidden', loc: ['body', 'user_id'], msg: 'Extra inputs are not permitted', input: 'x' },
    },
    {
      what: 'a message that is not a string',
      body: { initial_user_msg: 3 },
      detail: {
        type: 'string_type',
        loc: ['body', 'initial_user_msg'],
        msg: 'Input should be a valid string',
        input: 3,
      },
    },
    {
      what: 'an image URL that is not a string',
      body: { image_urls: [1] },
      detail: { type: 'string_type', loc: ['body', 'image_urls', 0], msg: 'Input should be a valid string', input: 1 },
    },
    {
      what: 'an unknown git provider',
      body: { git_provider: 'x' },
      detail: {
        type: 'enum',
        loc: ['body', 'git_provider'],
        msg: "Input should be 'github', 'gitlab', 'bitbucket' or 'enterprise_sso'",
        input: 'x',
        ctx: { expected: "'github', 'gitlab', 'bitbucket' or 'enterprise_sso'" },
      },
    },
    {
      what: 'an unknown key in mcp_config',
      body: { mcp_config: { a: 1 } },
      detail: {
        type: 'extra_forbidden',
        loc: ['body', 'mcp_config', 'a'],
        msg: 'Extra inputs are not permitted',
        input: 1,
      },
    },
  ].map(({ what, body, detail }) => ({
    fact: `rejects ${what}`,
    observe: (server: Subject) => server.create(body),
    expected: { status: 422, body: { detail: [detail] } },
  })),
  {
    fact: 'rejects a missing body and a body that is not JSON',
    observe: async (server) => [
      (await server.call('POST', '/api/conversations', '{x')).status,
      await server.call('POST', '/api/conversations'),
    ],
    expected: [
      422,
      { status: 422, body: { detail: [{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }] } },
    ],
  },
  {
    fact: 'answers 500 for a repository that it cannot reach and keeps nothing',
    observe: async (server) => [
      await server.create({ repository: 'nobody/nothing' }),
      await server.call('GET', `/api/conversations/${server.sid}`),
    ],
    expected: [
      { status: 500, body: 'Internal Server Error' },
      { status: 200, body: null },
    ],
  },
  {
    fact: 'returns pages of events from either end',
    observe: async (server) => {
      await server.create();
      await server.traceUntil('awaiting_user_input');
      const queries = [
        'limit=2',
        'reverse=true&limit=2',
        'start_id=2',
        'start_id=1&end_id=2',
        'start_id=99',
        'limit=0',
      ];
      const pages = [];
      for (const query of [...queries, 'start_id=1&reverse=true&limit=100']) {
        const { body } = await server.call('GET', `/api/conversations/${server.sid}/events?${query}`);
        const { events, has_more: hasMore } = body as { events: Event[]; has_more: boolean };
        pages.push([events.map(({ id }) => id), hasMore]);
      }
      return pages;
    },
    expected: [
      [[0, 1], true],
      [[3, 2], true],
      [[2, 3], false],
      [[1, 2], false],
      [[], false],
      [[], true],
      [[3, 2, 1], false],
    ],
  },
  {
    fact: 'rejects a page of more than 100 events',
    observe: async (server) => {
      await server.create();
      return server.call('GET', `/api/conversations/${server.sid}/events?limit=101`);
    },
    expected: { status: 400, body: { detail: 'Invalid limit' } },
  },
  {
    fact: 'rejects malformed conversation ids on this route only',
    observe: async (server) => {
      const replies = [];
      for (const sid of ['a'.repeat(101), 'a..b', 'a%5Cb', 'a%0Ab', 'a%2Fb']) {
        replies.push(await server.call('GET', `/api/conversations/${sid}`));
      }
      return replies.map(({ status, body }) => [status, (body as { detail: string }).detail]);
    },
    expected: [
      [400, 'Conversation ID is too long'],
      [400, 'Conversation ID contains invalid path characters'],
      [400, 'Conversation ID contains invalid path characters'],
      [400, 'Conversation ID contains control characters'],
      [404, 'Not Found'],
    ],
  },
  {
    fact: 'has no other routes and methods',
    observe: async (server) => [
      await server.call('GET', '/nope'),
      await server.call('PUT', '/api/conversations'),
      await server.call('PUT', `/api/conversations/${server.sid}/events`),
    ],
    expected: [
      { status: 404, body: { detail: 'Not Found' } },
      { status: 405, body: { detail: 'Method Not Allowed' } },
      { status: 405, body: { detail: 'Method Not Allowed' } },
    ],
  },
];

function checkFacts(url: () => string, isReal: boolean): void {
  for (const { fact, observe, expected } of facts) {
    test(fact, async () => assert.deepEqual(await observe(new Subject(url(), isReal)), expected));
  }
}

describe('the OpenHands stand-in', () => {
  let standIn: OpenHandsStandIn;
  before(async () => {
    standIn = await OpenHandsStandIn.listen({
      maxConcurrentConversations: 3,
      unreachableRepositories: ['nobody/nothing'],
    });
  });
  after(() => standIn.close());
  checkFacts(() => standIn.url, false);
});

const realUrl = process.env.REAL_OPENHANDS_URL;
describe('a real OpenHands', { skip: realUrl === undefined }, () => checkFacts(() => realUrl ?? '', true));
