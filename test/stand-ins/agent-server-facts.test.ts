import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { AgentServerStandIn } from '../../dev-stack/stand-ins/agent-server-stand-in.js';
import { call, type Reply, withoutId } from './call.js';

/**
 * What the OpenHands agent server 1.58.0 does, as one table. It runs against the stand-in. If REAL_AGENT_SERVER_URL is
 * set, it also runs against that real server, which proves the stand-in faithful. REAL_AGENT_SERVER_KEY is the server's
 * session API key, REAL_AGENT_SERVER_MODEL_URL a model that answers.
 */
interface Fact {
  fact: string;
  /** Does something to a server and returns the result. */
  observe: (server: Subject) => Promise<unknown>;
  expected: unknown;
}

type Event = Record<string, unknown> & { id: string; kind: string };

const MILLISECONDS_BETWEEN_LOOKS = 100;
const MOST_LOOKS = 100;
const modelUrl = process.env.REAL_AGENT_SERVER_MODEL_URL;

/** A server under observation, with one conversation, `id`, per fact. */
class Subject {
  readonly id = randomUUID();

  constructor(
    readonly url: string,
    readonly key: string,
    readonly isReal: boolean,
  ) {}

  async call(method: string, path: string, body?: unknown): Promise<Reply> {
    const reply = await call(this.url, method, path, { body, headers: { 'x-session-api-key': this.key } });
    return withoutId(reply, this.id, 'ID');
  }

  on(method: string, path = '', body?: unknown): Promise<Reply> {
    return this.call(method, `/api/conversations/${this.id}${path}`, body);
  }

  body(more: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      conversation_id: this.id,
      agent_settings: { llm: { model: 'openai/gpt-4o', api_key: 'sk-x', base_url: modelUrl } },
      workspace: { working_dir: '/tmp' },
      ...more,
    };
  }

  /** Creates the conversation and returns the answer's status and the conversation's. */
  async create(more: Record<string, unknown> = {}): Promise<unknown[]> {
    const { status, body } = await this.call('POST', '/api/conversations', this.body(more));
    return [status, (body as { execution_status?: string }).execution_status ?? body];
  }

  async events(query = ''): Promise<Event[]> {
    const { body } = await this.on('GET', `/events/search?${query}`);
    return (body as { items: Event[] }).items;
  }

  /** The status, once it has the expected value. */
  async statusUntil(wanted: string): Promise<unknown> {
    let status: unknown;
    for (let look = 0; look < MOST_LOOKS && status !== wanted; look += 1) {
      if (this.isReal && look > 0) await setTimeout(MILLISECONDS_BETWEEN_LOOKS);
      const { body } = await this.on('GET');
      status = (body as { execution_status?: string }).execution_status;
    }
    return status;
  }

  /** The messages and the states. Leaves out statistics, whose timing on a real server is random. */
  async trace(): Promise<string[]> {
    return (await this.events()).filter(({ key }) => key !== 'stats').map(outline);
  }
}

function outline({ source, kind, key, value, llm_message: message }: Event): string {
  const { content = [] } = (message ?? {}) as { content?: { text?: string }[] };
  const words = [source, kind, key, key === 'execution_status' && value, ...content.map((part) => part.text)];
  return words.filter(Boolean).join(' ');
}

const say = (text: string) => ({ role: 'user', content: [{ type: 'text', text }], run: true });

const withMessage = [
  'agent SystemPromptEvent',
  'user MessageEvent hello',
  'environment ConversationStateUpdateEvent last_user_message_id',
  'environment ConversationStateUpdateEvent execution_status running',
  'agent MessageEvent Hello from the model.',
  'environment ConversationStateUpdateEvent execution_status finished',
];

const facts: Fact[] = [
  {
    fact: 'is alive and ready without a session API key',
    observe: (server) =>
      Promise.all(['/health', '/alive', '/ready'].map(async (path) => (await call(server.url, 'GET', path)).body)),
    expected: [{ status: 'ok' }, { status: 'ok' }, { status: 'ready' }],
  },
  {
    fact: 'rejects a wrong session API key',
    observe: (server) =>
      call(server.url, 'GET', `/api/conversations/${server.id}`, { headers: { 'x-session-api-key': 'wrong' } }),
    expected: { status: 401, body: { detail: 'Unauthorized' } },
  },
  {
    fact: 'is idle when the create is answered, then runs and finishes',
    observe: async (server) => [
      await server.create({ initial_message: say('hello') }),
      await server.statusUntil('finished'),
      await server.trace(),
    ],
    expected: [[201, 'idle'], 'finished', withMessage],
  },
  {
    fact: 'runs an initial message even with run set to false',
    observe: async (server) => [
      await server.create({ initial_message: { ...say('hello'), run: false } }),
      await server.statusUntil('finished'),
    ],
    expected: [[201, 'idle'], 'finished'],
  },
  {
    fact: 'stays idle without an event if there is no message',
    observe: async (server) => [await server.create(), await server.on('GET', '/events/count'), await server.events()],
    expected: [[201, 'idle'], { status: 200, body: 0 }, []],
  },
  {
    fact: 'answers a second create with 200 and drops its message',
    observe: async (server) => {
      await server.create();
      return [await server.create({ initial_message: say('hello') }), await server.on('GET', '/events/count')];
    },
    expected: [[200, 'idle'], { status: 200, body: 0 }],
  },
  {
    fact: 'accepts a message through the events route and runs it',
    observe: async (server) => {
      await server.create();
      const sent = await server.on('POST', '/events', say('hello'));
      return [sent, await server.statusUntil('finished'), await server.trace()];
    },
    expected: [{ status: 200, body: { success: true } }, 'finished', withMessage],
  },
  {
    fact: 'keeps a message without running it until it is asked to run',
    observe: async (server) => {
      await server.create();
      await server.on('POST', '/events', { ...say('hello'), run: false });
      const before = (await server.on('GET')).body as { execution_status: string };
      const run = await server.on('POST', '/run');
      return [before.execution_status, run, await server.statusUntil('finished')];
    },
    expected: ['idle', { status: 200, body: { success: true } }, 'finished'],
  },
  {
    fact: 'returns a finished conversation to idle when it gets a message',
    observe: async (server) => {
      await server.create({ initial_message: say('hello') });
      await server.statusUntil('finished');
      await server.on('POST', '/events', { ...say('more'), run: false });
      return [await server.statusUntil('idle'), (await server.trace()).slice(withMessage.length)];
    },
    expected: [
      'idle',
      [
        'environment ConversationStateUpdateEvent execution_status idle',
        'user MessageEvent more',
        'environment ConversationStateUpdateEvent last_user_message_id',
      ],
    ],
  },
  {
    fact: 'runs a finished conversation without effect',
    observe: async (server) => {
      await server.create({ initial_message: say('hello') });
      await server.statusUntil('finished');
      return [await server.on('POST', '/run'), await server.statusUntil('finished'), await server.trace()];
    },
    expected: [{ status: 200, body: { success: true } }, 'finished', withMessage],
  },
  {
    fact: 'pauses an idle conversation and does not run a message until it is asked to run',
    observe: async (server) => {
      await server.create();
      const pause = await server.on('POST', '/pause');
      await server.on('POST', '/events', { ...say('hello'), run: false });
      const paused = await server.statusUntil('paused');
      await server.on('POST', '/run');
      return [pause, paused, await server.statusUntil('finished')];
    },
    expected: [{ status: 200, body: { success: true } }, 'paused', 'finished'],
  },
  {
    fact: 'deletes a conversation',
    observe: async (server) => {
      await server.create();
      return [await server.on('DELETE'), await server.on('GET')];
    },
    expected: [
      { status: 200, body: { success: true } },
      { status: 404, body: { detail: 'Not Found' } },
    ],
  },
  {
    fact: 'does not know a conversation that was never created',
    observe: async (server) => [
      await server.on('GET'),
      await server.on('GET', '/events/count'),
      await server.on('GET', '/events/search'),
      await server.on('POST', '/events', say('anyone?')),
      await server.on('POST', '/run'),
      await server.on('POST', '/pause'),
      await server.on('DELETE'),
    ],
    expected: [
      { status: 404, body: { detail: 'Not Found' } },
      { status: 404, body: { detail: 'Conversation not found: ID' } },
      { status: 404, body: { detail: 'Conversation not found: ID' } },
      { status: 404, body: { detail: 'Conversation not found: ID' } },
      { status: 404, body: { detail: 'Not Found' } },
      { status: 404, body: { detail: 'Not Found' } },
      { status: 404, body: { detail: 'Not Found' } },
    ],
  },
  {
    fact: 'describes a conversation with these keys, with its tags but without its user',
    observe: async (server) => {
      const { body } = await server.call('POST', '/api/conversations', server.body({ user_id: 'u', tags: { a: 'b' } }));
      return [Object.keys(body as object).join(' '), (body as { tags: unknown }).tags];
    },
    expected: [
      'id workspace persistence_dir max_iterations stuck_detection execution_status confirmation_policy ' +
        'security_analyzer activated_knowledge_skills invoked_skills blocked_actions blocked_messages ' +
        'last_user_message_id leaf_event_id stats secret_registry agent_state hook_config title metrics created_at ' +
        'updated_at forked_from_conversation_id forked_from_event_id parent_conversation_id sub_conversation_ids tags ' +
        'current_model_id available_models supports_runtime_model_switch launched_agent_profile agent client_tools ' +
        'tool_module_qualnames runtime_info',
      { a: 'b' },
    ],
  },
  {
    fact: 'shows messages with these keys',
    observe: async (server) => {
      await server.create({ initial_message: say('hello') });
      await server.statusUntil('finished');
      const messages = await server.events('kind=MessageEvent');
      return messages.map((message) => [Object.keys(message).join(' '), message.llm_message]);
    },
    expected: [
      [
        'id timestamp source parent_id llm_message activated_skills extended_content kind',
        { role: 'user', content: [{ cache_prompt: false, type: 'text', text: 'hello' }], thinking_blocks: [] },
      ],
      [
        'id timestamp source parent_id llm_message llm_response_id activated_skills extended_content kind',
        {
          role: 'assistant',
          content: [{ cache_prompt: false, type: 'text', text: 'Hello from the model.' }],
          thinking_blocks: [],
        },
      ],
    ],
  },
  {
    fact: 'finds events by kind and source, newest first, page by page',
    observe: async (server) => {
      await server.create({ initial_message: say('hello') });
      await server.statusUntil('finished');
      const query = 'sort_order=TIMESTAMP_DESC&limit=1&kind=MessageEvent';
      const first = (await server.on('GET', `/events/search?${query}`)).body as {
        items: Event[];
        next_page_id: string;
      };
      const second = (await server.on('GET', `/events/search?${query}&page_id=${first.next_page_id}`)).body as {
        items: Event[];
        next_page_id: null;
      };
      return [
        [...first.items, ...second.items].map(outline),
        second.next_page_id,
        (await server.events('kind=MessageEvent&source=user')).map(outline),
        await server.events('kind=ConversationErrorEvent'),
        (await server.on('GET', '/events/count?kind=MessageEvent')).body,
      ];
    },
    expected: [
      ['agent MessageEvent Hello from the model.', 'user MessageEvent hello'],
      null,
      ['user MessageEvent hello'],
      [],
      2,
    ],
  },
  {
    fact: 'rejects pages of zero or more than 100 events',
    observe: async (server) => {
      await server.create();
      return [
        await server.on('GET', '/events/search?limit=0'),
        (await server.on('GET', '/events/search?limit=101')).status,
      ];
    },
    expected: [
      {
        status: 422,
        body: {
          detail: [
            {
              type: 'greater_than',
              loc: ['query', 'limit'],
              msg: 'Input should be greater than 0',
              input: '0',
              ctx: { gt: 0 },
            },
          ],
        },
      },
      422,
    ],
  },
  {
    fact: 'rejects an id that is not a UUID',
    observe: async (server) => [
      await server.create({ conversation_id: 'x' }),
      (await server.call('GET', '/api/conversations/x')).status,
    ],
    expected: [
      [
        422,
        {
          detail: [
            {
              type: 'uuid_parsing',
              loc: ['body', 'conversation_id'],
              msg: 'Input should be a valid UUID, invalid character: found `x` at 0',
              input: 'x',
              ctx: { error: 'invalid character: found `x` at 0' },
            },
          ],
        },
      ],
      422,
    ],
  },
  {
    fact: 'rejects a create without a workspace, without an agent, or with an invalid body',
    observe: async (server) => {
      const { workspace, ...noWorkspace } = server.body();
      const { agent_settings: _settings, ...noAgent } = server.body();
      const replies = [];
      for (const body of [noWorkspace, noAgent, [], '{x']) {
        replies.push(await server.call('POST', '/api/conversations', body));
      }
      return replies.map(({ status, body }) => [status, (body as { detail: { type: string }[] }).detail[0]?.type]);
    },
    expected: [
      [422, 'missing'],
      [422, 'value_error'],
      [422, 'model_attributes_type'],
      [422, 'json_invalid'],
    ],
  },
  {
    fact: 'ignores unknown keys',
    observe: (server) => server.create({ unknown: 1 }),
    expected: [201, 'idle'],
  },
  {
    fact: 'does not know an agent profile that does not exist',
    observe: (server) => {
      const { agent_settings: _settings, ...body } = server.body({ agent_profile_id: server.id });
      return server.call('POST', '/api/conversations', body);
    },
    expected: { status: 404, body: { detail: "Agent profile with id 'ID' not found" } },
  },
  {
    fact: 'stores the conversation and loses its message if the workspace causes an error',
    observe: async (server) => {
      const broken = { initial_message: say('hello'), workspace: { working_dir: '' } };
      const { status, body } = await server.call('POST', '/api/conversations', server.body(broken));
      return [status, (body as { detail: string }).detail, await server.create(broken), await server.events()];
    },
    expected: [500, 'Internal Server Error', [200, 'idle'], []],
  },
  {
    fact: 'reports its version and its uptime in whole seconds without a session API key',
    observe: async (server) => {
      const { body } = await call(server.url, 'GET', '/server_info');
      const { version, uptime, title } = body as Record<string, unknown>;
      return [typeof version, Number.isInteger(uptime), title];
    },
    expected: ['string', true, 'OpenHands Agent Server'],
  },
  {
    fact: 'treats all spellings of a UUID as one conversation',
    observe: async (server) => {
      await server.create({ conversation_id: server.id.toUpperCase() });
      const bare = server.id.replaceAll('-', '');
      const { body } = await server.call('GET', `/api/conversations/${bare}`);
      return [await server.create({ conversation_id: bare }), (body as { id: string }).id];
    },
    expected: [[200, 'idle'], 'ID'],
  },
  {
    fact: 'finds events by their module path, and starts at the first event if it does not know the page',
    observe: async (server) => {
      await server.create({ initial_message: say('hello') });
      await server.statusUntil('finished');
      const path = 'openhands.sdk.event.llm_convertible.message.MessageEvent';
      return [
        (await server.events(`kind=${path}`)).map(outline),
        (await server.events(`limit=1&source=user&page_id=${randomUUID()}`)).map(outline),
      ];
    },
    expected: [['user MessageEvent hello', 'agent MessageEvent Hello from the model.'], ['user MessageEvent hello']],
  },
  {
    fact: 'has no other routes and methods',
    observe: async (server) => [
      await server.call('GET', '/api/nope'),
      (await server.call('PUT', '/api/conversations')).status,
    ],
    expected: [{ status: 404, body: { detail: 'Not Found' } }, 405],
  },
];

function checkFacts(url: () => string, key: string, isReal: boolean): void {
  for (const { fact, observe, expected } of facts) {
    test(fact, async () => assert.deepEqual(await observe(new Subject(url(), key, isReal)), expected));
  }
}

describe('the agent server stand-in', () => {
  let standIn: AgentServerStandIn;
  before(async () => {
    standIn = await AgentServerStandIn.listen({ sessionApiKey: 'k' });
  });
  after(() => standIn.close());
  checkFacts(() => standIn.url, 'k', false);
});

const realUrl = process.env.REAL_AGENT_SERVER_URL;
describe('a real agent server', { skip: realUrl === undefined }, () =>
  checkFacts(() => realUrl ?? '', process.env.REAL_AGENT_SERVER_KEY ?? '', true),
);
