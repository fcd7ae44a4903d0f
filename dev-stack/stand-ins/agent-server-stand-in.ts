import { randomUUID } from 'node:crypto';
import {
  AgentServerConversation,
  type AgentServerScript,
  type AgentServerTraits,
} from './agent-server-conversation.js';
import {
  type SendMessageRequest,
  type StartConversationRequest,
  sendMessageRequest,
  startConversationRequest,
  uuid,
} from './agent-server-requests.js';
import { AgentServerSandbox } from './agent-server-sandbox.js';
import type { Answer } from './faults.js';
import { type Exchange, json, StandInServer } from './stand-in-server.js';
import { validateBody } from './validation.js';
import { Version } from './version.js';

export interface AgentServerStandInOptions {
  /** The version of `openhands-agent-server`. @default '1.58.0' */
  version?: string;
  /** Traits that differ from those of the version. */
  traits?: Partial<AgentServerTraits>;
  /** A member of a pool serves nothing below `/api` before `POST /api/init`. @default true */
  isInitialized?: boolean;
  /** Whether the server has `GET /server_info`. @default true */
  hasServerInfo?: boolean;
  /** If set, `/api` requires it as `X-Session-API-Key`. */
  sessionApiKey?: string;
  /** The maximum number of runs. A create or a run beyond it is answered with 429. @default Infinity */
  maxConcurrentRuns?: number;
  /** The next n requests to run an agent are refused for lack of room. @default 0 */
  refusesRuns?: number;
  /** Where conversations run by default: `local` or `docker`. @default not reported, like older versions */
  conversationRuntime?: string;
  /** The existing agent profiles. @default none */
  profiles?: string[];
  /** The script of every conversation that has none of its own. */
  script?: AgentServerScript;
}

/** A stand-in for the OpenHands agent server. It uses no clock: conversations advance when they are looked at. */
export class AgentServerStandIn extends StandInServer {
  readonly options: AgentServerStandInOptions;
  /** The sandbox for its commands and files. */
  readonly sandbox = new AgentServerSandbox();
  readonly #conversations = new Map<string, AgentServerConversation>();
  readonly #scripts = new Map<string, AgentServerScript>();

  private constructor(options: AgentServerStandInOptions) {
    super();
    this.options = { ...options };
  }

  /** Starts a server on a free port of 127.0.0.1. */
  static async listen(options: AgentServerStandInOptions = {}): Promise<AgentServerStandIn> {
    const server = new AgentServerStandIn(options);
    await server.up();
    return server;
  }

  /** Sets how a conversation behaves from now on. */
  script(id: string, script: AgentServerScript): void {
    this.#scripts.set(canonical(id), script);
    const conversation = this.#conversations.get(canonical(id));
    if (conversation) conversation.script = script;
  }

  /** The conversation, for assertions. Throws if the server does not know it. */
  conversation(id: string): AgentServerConversation {
    const conversation = this.#conversations.get(canonical(id));
    if (!conversation) throw new Error(`The stand-in has no conversation ${id}`);
    return conversation;
  }

  has(id: string): boolean {
    return this.#conversations.has(canonical(id));
  }

  /** Creates a conversation as if it had been posted, for example to give it an earlier life; see {@link restart}. */
  createConversation(id: string, initialMessage?: SendMessageRequest): AgentServerConversation {
    this.#create({
      conversation_id: id,
      agent: {},
      workspace: { working_dir: '/workspace' },
      initial_message: initialMessage ?? null,
    });
    return this.conversation(id);
  }

  /** A signal ends the server's process, and it restarts. Runs are interrupted; conversations survive by default. */
  restart({ signal = 'SIGTERM' as 'SIGTERM' | 'SIGKILL', losesConversations = false } = {}): void {
    this.reboot();
    for (const conversation of this.#conversations.values()) conversation.interrupt(signal);
    if (losesConversations) this.#conversations.clear();
  }

  override async close(): Promise<void> {
    await super.close();
    this.sandbox.remove();
  }

  protected override answer(exchange: Exchange): Answer {
    const { method, segments, headers } = exchange;
    const [root, collection, id, part, detail] = segments;
    if (segments.length === 1 && method === 'GET') {
      if (root === 'health' || root === 'alive') return json(200, { status: 'ok' });
      if (root === 'ready') return this.options.isInitialized === false ? initializing : json(200, { status: 'ready' });
      if (root === 'server_info' && this.options.hasServerInfo !== false) return json(200, this.#serverInfo);
    }
    if (root !== 'api') return notFound;
    if (this.options.isInitialized === false) {
      if (method !== 'POST' || collection !== 'init') return dormant;
      this.options.isInitialized = true;
      return success;
    }
    const { sessionApiKey } = this.options;
    if (sessionApiKey !== undefined && headers['x-session-api-key'] !== sessionApiKey) {
      return json(401, { detail: 'Unauthorized' });
    }
    if (method === 'POST' && (collection === 'bash' || collection === 'file')) return this.#inSandbox(exchange);
    if (collection !== 'conversations' || segments.length > 5) return notFound;
    if (id === undefined) return method === 'POST' ? this.#post(exchange) : methodNotAllowed;
    const problems = uuid(id, ['path', 'conversation_id']);
    if (problems.length > 0) return json(422, { detail: problems });
    const conversation = this.#conversations.get(canonical(id));
    switch (`${method} ${[part, detail].filter(Boolean).join('/')}`) {
      case 'GET ':
        return this.#get(conversation);
      case 'DELETE ':
        return this.#conversations.delete(canonical(id)) ? success : notFound;
      case 'POST pause':
        conversation?.pause();
        return conversation ? success : notFound;
      case 'POST run':
        return conversation ? this.#run(conversation, runLimit) : notFound;
      case 'POST events':
        return this.#send(id, conversation, exchange);
      case 'GET events/count':
        return this.#onEvents('count', id, conversation, exchange);
      case 'GET events/search':
        return this.#onEvents('search', id, conversation, exchange);
      default:
        return part === undefined ? methodNotAllowed : notFound;
    }
  }

  #inSandbox({ segments, query, body }: Exchange): Answer {
    switch (segments.slice(1).join('/')) {
      case 'bash/execute_bash_command':
        return json(200, this.sandbox.execute(body as { command: string; timeout?: number }));
      case 'file/upload': {
        const problem = this.sandbox.upload(query.get('path'), body);
        return problem === undefined ? success : json(400, { detail: problem });
      }
      default:
        return notFound;
    }
  }

  get #version(): string {
    return this.options.version ?? '1.58.0';
  }

  get #traits(): AgentServerTraits {
    const version = new Version(this.#version);
    return {
      // The change came in some version after 1.40.
      runsAgain: !version.isBefore('1.41'),
      knowsBareKinds: !version.isBefore('1.56'),
      findsPagesByAnyEvent: !version.isBefore('1.22'),
      // The tree was seen in 1.40 but not in 1.23, the order in 1.58 but not in 1.40. The exact versions are unknown.
      hasTree: !version.isBefore('1.24'),
      refusesInOrder: !version.isBefore('1.56'),
      ...this.options.traits,
    };
  }

  get #serverInfo(): Record<string, unknown> {
    const { conversationRuntime } = this.options;
    const version = this.#version;
    // Whole seconds, like real servers.
    const uptime = Math.floor(this.uptime);
    return {
      uptime,
      idle_time: uptime,
      title: 'OpenHands Agent Server',
      version,
      sdk_version: version,
      tools_version: version,
      workspace_version: version,
      build_git_sha: 'unknown',
      build_git_ref: 'unknown',
      python_version: '3.12.1',
      usable_tools: [],
      runtime_idle_timeout_seconds: null,
      ...(conversationRuntime && { conversation_runtime: conversationRuntime }),
    };
  }

  #post({ body, bodyIsJson }: Exchange): Answer {
    const problems = validateBody(startConversationRequest, body, bodyIsJson);
    if (problems.length > 0) {
      return this.#traits.refusesInOrder || !bodyIsJson
        ? json(422, { detail: problems })
        : brokenBy('Object of type Agent is not JSON serializable');
    }
    return this.#create(body as StartConversationRequest);
  }

  #create(request: StartConversationRequest): Answer {
    const id = canonical(request.conversation_id ?? randomUUID());
    const existing = this.#conversations.get(id);
    if (existing) return json(200, existing.describe());
    if (this.#findNoRoom()) return json(429, { detail: runLimit });
    const { agent_profile_id: profile } = request;
    if (profile !== undefined && !this.options.profiles?.includes(profile)) {
      return json(404, { detail: `Agent profile with id '${profile}' not found` });
    }

    const script = this.#scripts.get(id) ?? this.options.script ?? {};
    const conversation = new AgentServerConversation(id, request, script, this.#traits);
    this.#conversations.set(id, conversation);
    if (script.losesMessage) return 'cut';
    const breakage = script.createBreaks ?? findBreakage(request);
    if (breakage && request.initial_message) return brokenBy(breakage);
    if (request.initial_message) conversation.receive(request.initial_message);
    const answer = json(201, conversation.describe());
    if (request.initial_message) conversation.run();
    return answer;
  }

  #get(conversation: AgentServerConversation | undefined): Answer {
    conversation?.look('status');
    if (!conversation?.isInCatalogue) return notFound;
    return json(200, conversation.describe());
  }

  #send(id: string, conversation: AgentServerConversation | undefined, { body, bodyIsJson }: Exchange): Answer {
    const problems = validateBody(sendMessageRequest, body, bodyIsJson);
    if (problems.length > 0) return json(422, { detail: problems });
    if (!conversation) return noEventsOf(id);
    const message = body as SendMessageRequest;
    const { deliveryBreaks, swallows } = conversation.script;
    const breakage = deliveryBreaks ?? findBreakage(conversation.request);
    if (breakage) return brokenBy(breakage);
    if (conversation.holdsMessages) {
      conversation.receiveLater(message);
      return 'silence';
    }
    conversation.receive(message);
    if (swallows) return success;
    if (!message.run || conversation.isRunning || conversation.script.refusesRun) return success;
    const saved = `Message saved, but the conversation run limit was reached. Retry POST /api/conversations/${conversation.id}/run without resending the message.`;
    return this.#run(conversation, saved);
  }

  #run(conversation: AgentServerConversation, refusal: string): Answer {
    if (conversation.isRunning || conversation.script.refusesRun) {
      return json(409, { detail: 'Conversation already running. Wait for completion or pause first.' });
    }
    if (this.#findNoRoom()) return json(429, { detail: refusal });
    conversation.run();
    return success;
  }

  #findNoRoom(): boolean {
    const { maxConcurrentRuns = Number.POSITIVE_INFINITY, refusesRuns = 0 } = this.options;
    if (refusesRuns > 0) {
      this.options.refusesRuns = refusesRuns - 1;
      return true;
    }
    if (maxConcurrentRuns === Number.POSITIVE_INFINITY) return false;
    const running = [...this.#conversations.values()].filter(({ executionStatus }) => executionStatus === 'running');
    return running.length >= maxConcurrentRuns;
  }

  #onEvents(
    kind: 'count' | 'search',
    id: string,
    conversation: AgentServerConversation | undefined,
    { query }: Exchange,
  ): Answer {
    const limit = Number(query.get('limit') ?? 100);
    if (limit > 100 && !this.#traits.refusesInOrder) return brokenBy('');
    if (!(limit > 0 && limit <= 100)) return json(422, { detail: [limitProblem(query.get('limit'), limit)] });
    conversation?.look(kind);
    if (!conversation || conversation.isAbsent) return noEventsOf(id);
    const search = {
      kind: query.get('kind'),
      source: query.get('source'),
      newestFirst: query.get('sort_order') === 'TIMESTAMP_DESC',
      pageId: query.get('page_id'),
    };
    if (kind === 'search') return json(200, conversation.search({ ...search, limit }));
    return json(200, conversation.search({ ...search, limit: Number.POSITIVE_INFINITY }).items.length);
  }
}

const notFound = json(404, { detail: 'Not Found' });
const methodNotAllowed = json(405, { detail: 'Method Not Allowed' });
const initializing = json(503, { status: 'initializing', message: 'Server is still initializing' });
const dormant = json(503, { detail: "server is in deferred-init state 'dormant'; call POST /api/init first" });
const success = json(200, { success: true });
const runLimit = 'Conversation run limit reached. Retry the request later.';

/** The server accepts a UUID with or without hyphens and in any case. */
function canonical(id: string): string {
  const digits = id.replaceAll('-', '').toLowerCase();
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function noEventsOf(id: string): Answer {
  return json(404, { detail: `Conversation not found: ${id}` });
}

/** What makes the server fail when it sends the first message. The conversation is already stored by then. */
function findBreakage({ workspace, agent_settings: settings }: StartConversationRequest): string | undefined {
  const tool = settings?.tools?.[0]?.name;
  if (tool !== undefined) return `"ToolDefinition '${tool}' is not registered"`;
  return workspace.working_dir === '' ? "working_dir '' is not a valid directory" : undefined;
}

function brokenBy(exception: string): Answer {
  return json(500, { detail: 'Internal Server Error', exception, error_id: randomUUID().replaceAll('-', '') });
}

function limitProblem(input: string | null, limit: number): Record<string, unknown> {
  const loc = ['query', 'limit'];
  return limit > 100
    ? { type: 'less_than_equal', loc, msg: 'Input should be less than or equal to 100', input, ctx: { le: 100 } }
    : { type: 'greater_than', loc, msg: 'Input should be greater than 0', input, ctx: { gt: 0 } };
}
