import { randomUUID } from 'node:crypto';
import type { Answer } from './faults.js';
import { OpenHandsConversation, type OpenHandsScript } from './openhands-conversation.js';
import { type OpenHandsCreateRequest, openHandsCreateRequest } from './openhands-create-request.js';
import { type Exchange, internalServerError, json, StandInServer } from './stand-in-server.js';
import { validateBody } from './validation.js';
import { Version } from './version.js';

export interface OpenHandsStandInOptions {
  /** The port to listen on. @default a free port */
  port?: number;
  /** The version of `openhands-ai`. From 1.7 on, this API is gone. @default '0.55.0' */
  version?: string;
  /** If set, `/api` requires it as `X-Session-API-Key`. */
  sessionApiKey?: string;
  /** What was posted to `/api/settings`. @default 'complete' */
  settings?: 'complete' | 'missing' | 'without-key';
  /** The maximum number of live conversations. One more evicts the one idle longest. @default Infinity */
  maxConcurrentConversations?: number;
  /** Repositories that the server can't access. @default none */
  unreachableRepositories?: string[];
  /** Values that the server stores as `<secret_hidden>`. @default none */
  secrets?: string[];
  /**
   * How `GET /api/conversations/{sid}` fails. From 0.60 on and without Docker, real servers answer 500 and then close
   * the connection without announcing it (`error-and-close`).
   */
  brokenStatus?: 'error' | 'error-and-close' | 'cut' | 'silence';
  /** Whether `…/microagents` shows if a loop is alive. @default true */
  hasMicroagents?: boolean;
  /** Whether the server has `GET /server_info`. @default true */
  hasServerInfo?: boolean;
  /** Whether the model accepts images. If not, a message with images is accepted but never stored. @default true */
  hasVision?: boolean;
  /** The script of every conversation that has none of its own. */
  script?: OpenHandsScript;
}

/** A stand-in for OpenHands' first API. It uses no clock: conversations advance when they are looked at. */
export class OpenHandsStandIn extends StandInServer {
  readonly options: OpenHandsStandInOptions;
  readonly #conversations = new Map<string, OpenHandsConversation>();
  readonly #scripts = new Map<string, OpenHandsScript>();
  /** Live conversations, the one idle longest first. */
  readonly #live = new Set<OpenHandsConversation>();

  private constructor(options: OpenHandsStandInOptions) {
    super();
    this.options = { ...options };
  }

  /** Starts a server on 127.0.0.1. */
  static async listen(options: OpenHandsStandInOptions = {}): Promise<OpenHandsStandIn> {
    const server = new OpenHandsStandIn(options);
    await server.up(options.port);
    return server;
  }

  /** Sets how a conversation behaves: its loading from its next start on, its agent at once. */
  script(sid: string, script: OpenHandsScript): void {
    this.#scripts.set(sid, script);
    const conversation = this.#conversations.get(sid);
    if (conversation) conversation.script = script;
  }

  /** The conversation, for assertions. Throws if the server does not know it. */
  conversation(sid: string): OpenHandsConversation {
    const conversation = this.#conversations.get(sid);
    if (!conversation) throw new Error(`The stand-in has no conversation ${sid}`);
    return conversation;
  }

  has(sid: string): boolean {
    return this.#conversations.has(sid);
  }

  /** Creates a conversation as if it had been posted, for example to give it an earlier life; see {@link restart}. */
  createConversation(
    sid: string,
    request: Omit<OpenHandsCreateRequest, 'conversation_id'> = {},
  ): OpenHandsConversation {
    this.#create({ ...request, conversation_id: sid });
    return this.conversation(sid);
  }

  /** The server's process restarts. Every loop dies; the event streams survive by default. */
  restart({ losesConversations = false } = {}): void {
    this.reboot();
    for (const conversation of this.#live) conversation.die();
    this.#live.clear();
    if (losesConversations) this.#conversations.clear();
  }

  /** Closes one loop, like a server that has too many. */
  evict(sid: string): void {
    this.conversation(sid).evict();
  }

  protected override answer(exchange: Exchange): Answer {
    const { method, segments, headers } = exchange;
    const [root, collection, sid, part] = segments;
    if (segments.length === 1 && method === 'GET') {
      if (root === 'health') return json(200, 'OK');
      if (root === 'alive') return json(200, { status: 'ok' });
      if (root === 'openapi.json') return this.#schema;
      if (root === 'server_info' && this.options.hasServerInfo !== false) return json(200, this.#serverInfo);
    }
    if (root !== 'api' || !this.#version.isBefore('1.7')) return notFound;
    const { sessionApiKey } = this.options;
    if (sessionApiKey !== undefined && headers['x-session-api-key'] !== sessionApiKey) {
      return json(401, { detail: 'Unauthorized' });
    }
    if (collection === 'settings' && segments.length === 2 && method === 'POST') {
      this.options.settings = 'complete';
      return json(200, { message: 'Settings stored' });
    }
    if (collection !== 'conversations' || segments.length > 4) return notFound;
    if (sid === undefined) return method === 'POST' ? this.#postConversation(exchange) : methodNotAllowed('POST');
    if (part === undefined) return this.#onConversation(method, sid);
    if (part === 'events') return this.#onEvents(sid, exchange);
    if (part === 'stop' && method === 'POST') return this.#stop(sid);
    if (part === 'microagents' && method === 'GET' && this.options.hasMicroagents !== false) {
      return this.#microagents(sid);
    }
    return notFound;
  }

  get #version(): Version {
    return new Version(this.options.version ?? '0.55.0');
  }

  get #schema(): Answer {
    const version = this.#version;
    if (!version.isBefore('0.60') && version.isBefore('1.0')) return internalServerError;
    const path = version.isBefore('1.7') ? '/api/conversations' : '/api/v1/app-conversations';
    return json(200, {
      openapi: '3.1.0',
      info: { title: 'OpenHands', version: version.text },
      paths: { [path]: { post: {} } },
    });
  }

  get #serverInfo(): Record<string, unknown> {
    const resources = {
      cpu_percent: 0,
      memory: { rss: 250_000_000, vms: 900_000_000, percent: 3.1 },
      disk: { total: 1e11, used: 4e10, free: 6e10, percent: 40 },
      io: { read_bytes: 0, write_bytes: 0 },
    };
    return { uptime: this.uptime, idle_time: this.uptime, resources };
  }

  #microagents(sid: string): Answer {
    const conversation = this.#conversations.get(sid);
    if (!conversation || conversation.isAbsent) return notKnown(sid);
    if (conversation.hasBrokenMetadata) return internalServerError;
    if (!conversation.isLive) return noSession;
    if (!conversation.hasMemory) return json(404, { error: 'Memory is not yet initialized for this conversation' });
    return json(200, { microagents: [] });
  }

  #postConversation({ body, bodyIsJson }: Exchange): Answer {
    const problems = validateBody(openHandsCreateRequest(this.#version), body, bodyIsJson);
    return problems.length > 0 ? json(422, { detail: problems }) : this.#create(body as OpenHandsCreateRequest);
  }

  #create(request: OpenHandsCreateRequest): Answer {
    const { settings = 'complete', unreachableRepositories = [] } = this.options;
    if (request.repository && unreachableRepositories.includes(request.repository)) return internalServerError;

    const sid = request.conversation_id ?? randomUUID().replaceAll('-', '');
    const conversation = this.#conversations.get(sid) ?? this.#add(sid, request);
    if (conversation.hasBrokenMetadata) return internalServerError;
    if (settings === 'missing') return refusal('Settings not found', 'CONFIGURATION$SETTINGS_NOT_FOUND');
    if (settings === 'without-key') {
      const message = 'Error authenticating with the LLM provider. Please check your API key';
      return refusal(message, 'STATUS$ERROR_LLM_AUTHENTICATION');
    }

    const status = conversation.isLive ? conversation.status : 'STARTING';
    if (!conversation.isLive) {
      this.#makeRoom();
      this.#live.add(conversation);
      conversation.start({
        message: request.initial_user_msg ?? null,
        imageUrls: request.image_urls ?? [],
        replayJson: request.replay_json ?? null,
      });
    }
    return json(200, { status: 'ok', conversation_id: sid, message: null, conversation_status: status });
  }

  #add(sid: string, request: OpenHandsCreateRequest): OpenHandsConversation {
    const script = this.#scripts.get(sid) ?? this.options.script ?? {};
    const touch = () => {
      if (this.#live.delete(conversation)) this.#live.add(conversation);
    };
    const { secrets = [], version } = this.options;
    const conversation = new OpenHandsConversation(sid, request, script, touch, secrets, version);
    this.#conversations.set(sid, conversation);
    return conversation;
  }

  #makeRoom(): void {
    const { maxConcurrentConversations = Number.POSITIVE_INFINITY } = this.options;
    for (const conversation of [...this.#live]) {
      if (!conversation.isLive) this.#live.delete(conversation);
    }
    for (const conversation of [...this.#live]) {
      if (this.#live.size < maxConcurrentConversations) return;
      conversation.evict();
      this.#live.delete(conversation);
    }
  }

  #onConversation(method: string, sid: string): Answer {
    const complaint = complainAboutId(sid);
    if (complaint) return json(400, { detail: complaint });
    const conversation = this.#conversations.get(sid);
    if (method === 'DELETE') {
      conversation?.evict();
      return json(200, this.#conversations.delete(sid));
    }
    if (method !== 'GET') return methodNotAllowed('GET');
    const { brokenStatus } = this.options;
    if (brokenStatus === 'cut' || brokenStatus === 'silence') return brokenStatus;
    if (brokenStatus === 'error-and-close') return { ...internalServerError, closesLine: true };
    if (brokenStatus === 'error' || conversation?.hasBrokenMetadata) return internalServerError;
    if (!conversation) return json(200, null);
    conversation.statusLooks += 1;
    const isHidden = conversation.isAbsent || conversation.shownStatus === null;
    return json(200, isHidden ? null : describe(conversation));
  }

  #onEvents(sid: string, { method, query, body, bodyIsJson }: Exchange): Answer {
    if (method !== 'GET' && method !== 'POST') return methodNotAllowed('GET');
    const conversation = this.#conversations.get(sid);
    if (method === 'GET') conversation?.look();
    if (!conversation || conversation.isAbsent) return notKnown(sid);
    if (conversation.hasBrokenMetadata) return internalServerError;
    if (method === 'POST') {
      if (this.options.hasVision === false && conversation.isLive && hasImages(body))
        return json(200, { success: true });
      const isTaken = bodyIsJson && conversation.isLive && conversation.dispatch(body);
      return isTaken ? json(200, { success: true }) : internalServerError;
    }

    const limit = Number(query.get('limit') ?? 20);
    if (limit < 0 || limit > 100) return json(400, { detail: 'Invalid limit' });
    const endId = query.get('end_id');
    const page = conversation.search(
      Number(query.get('start_id') ?? 0),
      endId === null ? undefined : Number(endId),
      ['true', '1'].includes(query.get('reverse') ?? ''),
      limit,
    );
    return page ? json(200, page) : internalServerError;
  }

  #stop(sid: string): Answer {
    const conversation = this.#conversations.get(sid);
    const status = conversation?.status ?? 'STOPPED';
    conversation?.evict();
    const message = status === 'STOPPED' ? 'Conversation was not running' : 'Conversation stopped successfully';
    return json(200, { status: 'ok', conversation_id: sid, message, conversation_status: status });
  }
}

const notFound = json(404, { detail: 'Not Found' });
const noSession = json(404, { error: 'Agent session not found for this conversation' });

function methodNotAllowed(allow: string): Answer {
  return { status: 405, headers: { allow }, body: JSON.stringify({ detail: 'Method Not Allowed' }) };
}

function notKnown(sid: string): Answer {
  return json(404, { detail: `Conversation ${sid} not found` });
}

function hasImages(body: unknown): boolean {
  const { action, args } = (body ?? {}) as { action?: unknown; args?: { image_urls?: unknown[] } };
  return action === 'message' && (args?.image_urls ?? []).length > 0;
}

function refusal(message: string, msgId: string): Answer {
  return json(400, { status: 'error', message, msg_id: msgId });
}

function complainAboutId(sid: string): string | undefined {
  if (sid.length > 100) return 'Conversation ID is too long';
  if (sid.includes('..') || sid.includes('\\')) return 'Conversation ID contains invalid path characters';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what the server looks for
  if (/[\x00-\x1f]/.test(sid)) return 'Conversation ID contains control characters';
  return undefined;
}

function describe(conversation: OpenHandsConversation): Record<string, unknown> {
  const { sid, request, shownStatus, runtimeStatus, isLive, createdAt, events } = conversation;
  return {
    conversation_id: sid,
    title: `Conversation ${sid.slice(0, 5)}`,
    last_updated_at: `${events.at(-1)?.timestamp ?? createdAt.toISOString().slice(0, -1)}Z`,
    status: shownStatus,
    runtime_status: runtimeStatus,
    selected_repository: request.repository ?? null,
    selected_branch: request.selected_branch ?? null,
    git_provider: request.git_provider ?? null,
    trigger: 'gui',
    num_connections: 0,
    url: isLive ? `/api/conversations/${sid}` : null,
    session_api_key: null,
    created_at: createdAt.toISOString(),
    pr_number: [],
  };
}
