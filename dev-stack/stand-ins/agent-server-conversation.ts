import { randomUUID } from 'node:crypto';
import type { MessageContent, SendMessageRequest, StartConversationRequest } from './agent-server-requests.js';

export type ExecutionStatus =
  | 'idle'
  | 'running'
  | 'paused'
  | 'waiting_for_confirmation'
  | 'finished'
  | 'error'
  | 'stuck'
  | 'deleting';

/**
 * How a conversation behaves. A look requests its status, its event count or a page of events, each once. The n-th look
 * is the n-th request of the kind made most often, counted from the creation and from each restart.
 */
export interface AgentServerScript {
  /** Its events are 404 for the first n looks. @default 0 */
  absentLooks?: number;
  /** While its events are absent, `GET` by id answers from a stale catalogue instead of 404. @default false */
  inStaleCatalogue?: boolean;
  /** The agent starts to run at the n-th look; 0 is right after the answer to the create. @default 0 */
  idleLooks?: number;
  /** A running agent reaches its outcome at the n-th look; 0 is at once. @default 0 */
  runningLooks?: number;
  /** The error's event appears n looks after the status. @default 0 */
  errorEventTrails?: number;
  /**
   * The outcome of a run; `runs` never ends.
   * @default 'finished'
   */
  agent?: 'finished' | 'runs' | 'error' | 'stuck' | 'waiting_for_confirmation';
  /** The error's text. @default a rejected model key */
  error?: { code: string; detail: string; classification: { kind: string; retryable: boolean; user_action: string } };
  /**
   * How often the agent uses a tool before it reaches its outcome. From the second use on, a step takes one look.
   * @default 0
   */
  toolCalls?: number;
  /** The model refuses to write a title. This error comes before the run and is not part of it. @default false */
  titleErrors?: boolean;
  /** The cost of a run is stored after the run, with a time before its end. @default false */
  trailsStats?: boolean;
  /**
   * The process is killed during the create: it is stored, its message is lost, and the POST has no answer.
   * @default false
   */
  losesMessage?: boolean;
  /** The text of the 500 with which the create fails: it is stored, but its message is lost. @default none */
  createBreaks?: string;
  /** The text of the 500 with which sending a message fails: nothing is stored. @default none */
  deliveryBreaks?: string;
  /** Messages are accepted, but neither stored nor heard. @default false */
  swallows?: boolean;
  /**
   * A message to a running agent is not answered and is stored n looks later. While the agent uses a tool (up to 1.23,
   * also while it asks the model), it holds the lock that the message needs. @default 0
   */
  deliveryTrails?: number;
  /** `POST …/run` is answered 409, whatever the status. @default false */
  refusesRun?: boolean;
  /** A status to show instead of the true one, such as `deleting`. */
  executionStatus?: ExecutionStatus;
}

/** The differences between server versions. */
export interface AgentServerTraits {
  /** When the run has finished, the agent handles a message that arrived during its last request to the model. */
  runsAgain: boolean;
  /** Event kinds are known by their bare names, not only by their module paths. */
  knowsBareKinds: boolean;
  /** A page can begin with any event, not only with one that the page would contain. */
  findsPagesByAnyEvent: boolean;
  /** Events name their parents, and errors are classified. */
  hasTree: boolean;
  /** A request that breaks a rule of the API is refused. Otherwise it causes a 500. */
  refusesInOrder: boolean;
}

const newestTraits: AgentServerTraits = {
  runsAgain: true,
  knowsBareKinds: true,
  findsPagesByAnyEvent: true,
  hasTree: true,
  refusesInOrder: true,
};

/** An event as returned by `…/events/search`. */
export interface AgentServerEvent {
  id: string;
  timestamp: string;
  source: 'agent' | 'user' | 'environment';
  kind: string;
  [detail: string]: unknown;
}

/** The filter and order of a search. */
export interface EventSearch {
  kind: string | null;
  source: string | null;
  newestFirst: boolean;
  limit: number;
  pageId: string | null;
}

/** A turn of the agent: it asks the model, perhaps several times, until it is done. */
export interface AgentServerTurn {
  /** The newest user message when the turn began. */
  readonly about: AgentServerEvent | undefined;
  /** The number of server restarts before the turn. */
  readonly restarts: number;
  /** The user messages in the last request to the model in this turn. */
  saw: readonly AgentServerEvent[];
  isAnswered: boolean;
}

type Look = 'status' | 'count' | 'search';

const rejectedKey = {
  code: 'LLMAuthenticationError',
  detail: 'Your LLM API key appears to be invalid or has expired.',
  classification: { kind: 'auth', retryable: false, user_action: 'settings' },
};

/** One conversation of the agent server. */
export class AgentServerConversation {
  readonly events: AgentServerEvent[] = [];
  /** The user messages of each request to the model, oldest first. */
  readonly modelCalls: string[][] = [];
  readonly turns: AgentServerTurn[] = [];
  readonly createdAt = new Date();
  #status: ExecutionStatus = 'idle';
  #lastUserMessageId: string | null = null;
  #pausesAtNextLook = false;
  #absentUntil = 0;
  /** A run was accepted but has not begun. */
  #isRunDue = false;
  #steps: { atLook: number; run: () => void }[] = [];
  readonly #looks: Record<Look, number> = { status: 0, count: 0, search: 0 };
  readonly #userMessages: AgentServerEvent[] = [];
  #restarts = 0;

  constructor(
    readonly id: string,
    readonly request: StartConversationRequest,
    public script: AgentServerScript,
    private readonly traits: AgentServerTraits = newestTraits,
  ) {}

  get executionStatus(): ExecutionStatus {
    return this.#status;
  }

  /** The user messages in the last request to the model. */
  get messagesSeenByModel(): readonly string[] {
    return this.modelCalls.at(-1) ?? [];
  }

  get isAbsent(): boolean {
    const absentLooks = Math.max(this.script.absentLooks ?? 0, this.#absentUntil);
    return absentLooks > 0 && this.#looked <= absentLooks;
  }

  /**
   * Another host of the server takes over: the events are absent for the next n looks, but the catalogue entry is not.
   */
  changeHost(looks: number): void {
    this.#absentUntil = this.#looked + looks;
  }

  /** Whether `GET` by id is answered, even if the events are absent. */
  get isInCatalogue(): boolean {
    return !this.isAbsent || this.script.inStaleCatalogue === true || this.#looked <= this.#absentUntil;
  }

  get #looked(): number {
    return Math.max(...Object.values(this.#looks));
  }

  look(kind: Look): void {
    const before = this.#looked;
    this.#looks[kind] += 1;
    if (this.#looked === before) return;
    if (this.#pausesAtNextLook) this.#pauseNow();
    this.#advance();
  }

  /** Stores a message. The caller runs it: see {@link run}. */
  receive({ role = 'user', content = [] }: SendMessageRequest): void {
    if (this.script.swallows) return;
    this.#introduce();
    if (this.#status === 'finished' || this.#status === 'stuck') this.#setStatus('idle');
    const message = this.append('user', 'MessageEvent', {
      llm_message: { role, content: content.map(withDefaults), thinking_blocks: [] },
      activated_skills: [],
      extended_content: [],
    });
    this.#userMessages.push(message);
    this.#lastUserMessageId = message.id;
    this.#update('last_user_message_id', message.id);
    if (this.script.titleErrors) this.#appendError(this.script.error ?? rejectedKey);
  }

  /** Whether a message must wait until the agent releases its lock. */
  get holdsMessages(): boolean {
    return this.#status === 'running' && (this.script.deliveryTrails ?? 0) > 0;
  }

  /** Stores a message later. An agent that is at rest by then is run. */
  receiveLater(message: SendMessageRequest): void {
    this.#at(this.#looked + (this.script.deliveryTrails ?? 0), () => {
      this.receive(message);
      if (!this.isRunning) this.run();
    });
  }

  /** Whether a run is in progress or about to begin. */
  get isRunning(): boolean {
    return this.#status === 'running' || this.#isRunDue;
  }

  /** Runs the agent at the look that its script names. A finished agent has nothing to run. */
  run(): void {
    if (this.#status === 'finished') return;
    this.#isRunDue = true;
    this.#at(this.script.idleLooks ?? 0, () => this.#start());
  }

  /** Pauses an idle agent at once. A request to the model is awaited first: here, until the next look. */
  pause(): void {
    if (this.#status === 'running') this.#pausesAtNextLook = true;
    else if (this.#status === 'idle') this.#pauseNow();
  }

  /**
   * What a restart does to a run: TERM interrupts it cleanly, even one that has not begun; KILL leaves an error that no
   * event explains.
   */
  interrupt(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#restarts += 1;
    this.#absentUntil = 0;
    const wasDue = this.#isRunDue && this.#status === 'idle';
    this.#steps = [];
    this.#isRunDue = false;
    this.#pausesAtNextLook = false;
    this.#looks.status = 0;
    this.#looks.count = 0;
    this.#looks.search = 0;
    if (signal === 'SIGKILL') {
      if (this.#status === 'running') this.#setStatus('error');
    } else if (this.#status === 'running' || wasDue) {
      this.#pauseNow();
      this.append('user', 'InterruptEvent', {});
    }
  }

  search({ kind, source, newestFirst, limit, pageId }: EventSearch): {
    items: AgentServerEvent[];
    next_page_id: string | null;
  } {
    const inOrder = newestFirst ? this.events.toReversed() : this.events;
    const isWanted = (event: AgentServerEvent) =>
      (kind === null || this.#isOfKind(event, kind)) && (source === null || event.source === source);
    const pages = this.traits.findsPagesByAnyEvent ? inOrder : inOrder.filter(isWanted);
    const from = pages.findIndex(({ id }) => id === pageId);
    const found = pages.slice(Math.max(0, from)).filter(isWanted);
    return { items: found.slice(0, limit), next_page_id: found[limit]?.id ?? null };
  }

  #isOfKind(event: AgentServerEvent, kind: string): boolean {
    return kind === modulePaths[event.kind] || (this.traits.knowsBareKinds && kind === event.kind);
  }

  append(source: AgentServerEvent['source'], kind: string, details: Record<string, unknown>): AgentServerEvent {
    const event = { id: randomUUID(), timestamp: now(), source, ...this.#parent, ...details, kind };
    this.events.push(event);
    return event;
  }

  /** Adds an event to the stream unchanged, even an invalid one. */
  appendOdd(event: object): void {
    this.events.push(event as AgentServerEvent);
  }

  /** State updates are not part of the tree. */
  get #parent(): { parent_id?: string | null } {
    if (!this.traits.hasTree) return {};
    return { parent_id: this.events.findLast(({ kind }) => kind !== 'ConversationStateUpdateEvent')?.id ?? null };
  }

  /** Adds `count` state updates, to make the stream long. */
  appendMany(count: number): void {
    for (let index = 0; index < count; index += 1) this.#update('stats', { usage_to_metrics: {} });
  }

  /** Adds `count` browser views of `bytes` each, to make the stream large. */
  appendScreenshots(count: number, bytes = 1_000_000): void {
    for (let index = 0; index < count; index += 1) {
      const observation = { kind: 'BrowserObservation', content: [], screenshot_data: 'A'.repeat(bytes) };
      this.append('environment', 'ObservationEvent', { tool_name: 'browser_navigate', observation });
    }
  }

  /** The server's ConversationInfo. */
  describe(): Record<string, unknown> {
    return {
      id: this.id,
      workspace: { ...this.request.workspace, kind: 'LocalWorkspace' },
      persistence_dir: `workspace/conversations/${this.id.replaceAll('-', '')}`,
      max_iterations: 500,
      stuck_detection: true,
      execution_status: this.script.executionStatus ?? this.#status,
      confirmation_policy: { kind: 'NeverConfirm' },
      security_analyzer: null,
      activated_knowledge_skills: [],
      invoked_skills: [],
      blocked_actions: {},
      blocked_messages: {},
      last_user_message_id: this.#lastUserMessageId,
      leaf_event_id: this.#lastUserMessageId,
      stats: { usage_to_metrics: {} },
      secret_registry: { secret_sources: {} },
      agent_state: {},
      hook_config: null,
      title: null,
      metrics: null,
      created_at: this.createdAt.toISOString(),
      updated_at: `${this.events.at(-1)?.timestamp ?? this.createdAt.toISOString().slice(0, -1)}Z`,
      forked_from_conversation_id: null,
      forked_from_event_id: null,
      parent_conversation_id: null,
      sub_conversation_ids: [],
      tags: this.request.tags ?? {},
      current_model_id: null,
      available_models: [],
      supports_runtime_model_switch: false,
      launched_agent_profile: null,
      agent: { kind: 'Agent' },
      client_tools: [],
      tool_module_qualnames: {},
      runtime_info: null,
    };
  }

  #start(): void {
    this.#isRunDue = false;
    if (this.#status === 'running' || this.#status === 'finished') return;
    this.#introduce();
    this.#beginTurn();
  }

  #beginTurn(): void {
    const turn = { about: this.#userMessages.at(-1), restarts: this.#restarts, saw: [], isAnswered: false };
    this.turns.push(turn);
    this.#setStatus('running');
    this.#askModel(turn, this.script);
  }

  /** A run keeps the script that it began with. */
  #askModel(turn: AgentServerTurn, script: AgentServerScript, atLook = script.runningLooks ?? 0): void {
    const { agent = 'finished', toolCalls = 0 } = script;
    const seen = this.#userMessages.length;
    turn.saw = [...this.#userMessages];
    this.modelCalls.push(turn.saw.map(textOf));
    if (agent === 'runs') return;
    this.#at(atLook, () => {
      if (toolCalls > 0) {
        this.#useTool();
        this.#askModel(turn, { ...script, toolCalls: toolCalls - 1 }, this.#looked + 1);
      } else if (agent === 'finished') {
        turn.isAnswered = true;
        this.#finish(this.#userMessages.length > seen);
      } else {
        this.#setStatus(agent);
        if (agent === 'error') this.#explainError(script);
      }
    });
  }

  #finish(isMessageLeft: boolean): void {
    this.#answer();
    this.#setStatus('finished');
    if (this.script.trailsStats) {
      const before = new Date(Date.now() - 1000).toISOString();
      this.append('environment', 'ConversationStateUpdateEvent', {
        timestamp: `${before.slice(0, -1)}000`,
        key: 'stats',
        value: { usage_to_metrics: {} },
      });
    }
    if (isMessageLeft && this.traits.runsAgain) this.#beginTurn();
  }

  #explainError({ error = rejectedKey, errorEventTrails = 0 }: AgentServerScript): void {
    this.#at(this.#looked + errorEventTrails, () => this.#appendError(error));
  }

  #appendError({ classification, ...error }: NonNullable<AgentServerScript['error']>): void {
    const details = this.traits.hasTree ? { ...error, classification } : error;
    this.append('environment', 'ConversationErrorEvent', details);
  }

  #useTool(): void {
    const action = this.append('agent', 'ActionEvent', { tool_name: 'terminal', action: { command: 'make' } });
    const observation = { tool_name: 'terminal', observation: { content: [] }, action_id: action.id };
    this.append('environment', 'ObservationEvent', observation);
  }

  #answer(): void {
    this.append('agent', 'MessageEvent', {
      llm_message: {
        role: 'assistant',
        content: [withDefaults({ type: 'text', text: 'Hello from the model.' })],
        thinking_blocks: [],
      },
      llm_response_id: 'x',
      activated_skills: [],
      extended_content: [],
    });
  }

  #pauseNow(): void {
    this.#steps = [];
    this.#isRunDue = false;
    this.#pausesAtNextLook = false;
    this.#setStatus('paused');
    this.append('user', 'PauseEvent', {});
  }

  #introduce(): void {
    if (this.events.some(({ kind }) => kind === 'SystemPromptEvent')) return;
    const text = 'You are OpenHands agent, a helpful AI assistant that can interact with a computer to solve tasks.';
    this.append('agent', 'SystemPromptEvent', {
      system_prompt: withDefaults({ type: 'text', text }),
      tools: [],
      dynamic_context: withDefaults({ type: 'text', text: '' }),
    });
  }

  #setStatus(status: ExecutionStatus): void {
    this.#status = status;
    this.#update('execution_status', status);
  }

  #update(key: string, value: unknown): void {
    this.append('environment', 'ConversationStateUpdateEvent', { key, value });
  }

  #at(look: number, run: () => void): void {
    this.#steps.push({ atLook: look, run });
    this.#steps.sort((one, other) => one.atLook - other.atLook);
    this.#advance();
  }

  #advance(): void {
    while (this.#steps[0] && this.#steps[0].atLook <= this.#looked) this.#steps.shift()?.run();
  }
}

const modulePaths: Record<string, string> = {
  ActionEvent: 'openhands.sdk.event.llm_convertible.action.ActionEvent',
  ConversationErrorEvent: 'openhands.sdk.event.conversation_error.ConversationErrorEvent',
  ConversationStateUpdateEvent: 'openhands.sdk.event.conversation_state.ConversationStateUpdateEvent',
  InterruptEvent: 'openhands.sdk.event.user_action.InterruptEvent',
  MessageEvent: 'openhands.sdk.event.llm_convertible.message.MessageEvent',
  ObservationEvent: 'openhands.sdk.event.llm_convertible.observation.ObservationEvent',
  PauseEvent: 'openhands.sdk.event.user_action.PauseEvent',
  SystemPromptEvent: 'openhands.sdk.event.llm_convertible.system.SystemPromptEvent',
};

function withDefaults(content: MessageContent): Record<string, unknown> {
  return { cache_prompt: false, ...content };
}

/** The text of a message event. */
export function textOf({ llm_message: message }: AgentServerEvent): string {
  const { content = [] } = (message ?? {}) as { content?: MessageContent[] };
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

function now(): string {
  return `${new Date().toISOString().slice(0, -1)}000`;
}
