import type { OpenHandsCreateRequest } from './openhands-create-request.js';
import {
  agentMessage,
  agentStateChanged,
  browseObservation,
  changeAgentState,
  type NewEvent,
  nullObservation,
  type OpenHandsEvent,
  type RecallType,
  recallAction,
  recallObservation,
  runAction,
  runObservation,
  systemMessage,
  userMessage,
} from './openhands-events.js';
import { readReplay } from './openhands-replay.js';
import { Version } from './version.js';

/**
 * How a conversation behaves. A look is a `GET …/events` of it, counted from the POST that started its loop. Progress
 * depends on looks, never on a clock.
 */
export interface OpenHandsScript {
  /** The server does not know the conversation for the first n looks: `null` and 404. @default 0 */
  absentLooks?: number;
  /** The loop was accepted, but even its `loading` is missing for the first n looks. @default 0 */
  unstartedLooks?: number;
  /** The agent leaves `loading` at the n-th look; 0 is before the POST is answered. @default 0 */
  loadingLooks?: number;
  /** The status until then: STARTING boots a runtime, RUNNING runs its setup script. @default 'STARTING' */
  statusWhileLoading?: 'STARTING' | 'RUNNING';
  /** A running agent reaches its outcome at the n-th look; 0 is at once. @default 0 */
  runningLooks?: number;
  /** The server evicts the conversation at the n-th look. @default never */
  evictedAtLook?: number;
  /**
   * `answers`: answers, and ends in `endsIn`. `halts`: ends in `endsIn` without an answer. `runs`: stays `running`, in
   * steps so short that it hears a message at once. `errors`: runs, then `error`. `error-on-load`: `error` right after
   * `loading`. `dead`: never leaves `loading`, although the status is RUNNING.
   * @default 'answers'
   */
  agent?: 'answers' | 'halts' | 'runs' | 'errors' | 'error-on-load' | 'dead';
  /**
   * How often the agent uses a tool before it reaches its outcome. From the second use on, a step takes one look.
   * @default 0
   */
  toolCalls?: number;
  /**
   * The state in which an agent rests, such as `paused`, `rejected`, or an unknown one. @default 'awaiting_user_input'
   */
  endsIn?: string;
  /** The reason that comes with `error`. @default 'STATUS$ERROR_LLM_AUTHENTICATION' */
  errorReason?: string | null;
  /** A status to show instead of the true one, such as ERROR or ARCHIVED. */
  status?: string;
  /** False answers to the first status requests; null means that there is no such conversation. @default [] */
  statusLies?: (string | null)[];
  /**
   * The answer to a recall comes before the `running` that normally precedes it. In real servers the two race.
   * @default false
   */
  recallsFirst?: boolean;
  /**
   * When a failed turn reports its error for the second time, if a message waits. In real servers this is a race.
   * `first`: before the agent begins with that message. `begun`: right after, and the agent drops the message.
   * `answered`: after the agent has answered it, if it answers at once.
   * @default 'first'
   */
  secondError?: 'first' | 'begun' | 'answered';
  /** Messages are accepted, but neither stored nor heard. @default false */
  swallows?: boolean;
  /** A message to a live loop is stored n looks after it was accepted. @default 0 */
  deliveryTrails?: number;
}

export type OpenHandsStatus = 'STARTING' | 'RUNNING' | 'STOPPED';

/** What starts a loop. */
export interface LoopStart {
  message: string | null;
  imageUrls: string[];
  replayJson: string | null;
}

/** A page of events, as returned by `GET …/events`. */
export interface EventPage {
  events: OpenHandsEvent[];
  has_more: boolean;
}

/** A turn of the agent: it asks the model, perhaps several times, until it is done. */
export interface Turn {
  /** The newest user message when the turn began. */
  readonly about: OpenHandsEvent | undefined;
  /** The life of the conversation in which it took place, from 1 on. */
  readonly life: number;
  /** The user messages in the last request to the model in this turn. */
  saw: readonly OpenHandsEvent[];
  isAnswered: boolean;
}

interface Loop {
  hasMemory: boolean;
  /** The loop's remaining steps, in order, each at a look. */
  steps: { atLook: number; run: () => void }[];
  runtimeInitialized: boolean;
  /** Without a controller, messages are added to the stream, but no agent hears them. */
  hasController: boolean;
  agentState: string;
  /** The recorded events that are still to be replayed. */
  replay: NewEvent[];
  /** The model is being asked. */
  isStepping: boolean;
  /** Messages that arrived during the request. The controller handles them after the answer. */
  unheard: OpenHandsEvent[];
}

/** One conversation: an event stream that survives restarts, and an agent loop that does not. */
export class OpenHandsConversation {
  readonly events: OpenHandsEvent[] = [];
  /** The user messages of each request to the model, oldest first. */
  readonly modelCalls: string[][] = [];
  readonly turns: Turn[] = [];
  /** Events with an empty file. A page that would contain one is a 500. */
  readonly brokenEvents = new Set<number>();
  /** True once a kill has emptied its metadata.json. Every request is then a 500. */
  hasBrokenMetadata = false;
  readonly createdAt = new Date();
  /** Looks at the events since the loop was started. */
  looks = 0;
  /** Looks at the status since the loop was started. */
  statusLooks = 0;
  #loop: Loop | undefined;
  #lives = 0;
  readonly #userMessages: OpenHandsEvent[] = [];

  /**
   * @param request The first request that was posted for it.
   * @param touch Called whenever an event is added.
   * @param secrets Stored as `<secret_hidden>`.
   * @param version The server's version.
   */
  constructor(
    readonly sid: string,
    readonly request: OpenHandsCreateRequest,
    public script: OpenHandsScript,
    private readonly touch: () => void,
    private readonly secrets: readonly string[],
    private readonly version = '0.55.0',
  ) {}

  /** Whether its agent loop is alive. */
  get isLive(): boolean {
    return this.#loop !== undefined;
  }

  get status(): OpenHandsStatus {
    if (!this.#loop) return 'STOPPED';
    return this.#loop.runtimeInitialized ? 'RUNNING' : 'STARTING';
  }

  /** The answer to the next status request. */
  get shownStatus(): string | null {
    const { status, statusLies = [] } = this.script;
    const lie = statusLies[this.statusLooks - 1];
    return lie === undefined ? (status ?? this.status) : lie;
  }

  /** Whether the loop has loaded its memory, which comes before its runtime. */
  get hasMemory(): boolean {
    return this.#loop?.hasMemory ?? false;
  }

  get runtimeStatus(): string | null {
    if (!this.#loop) return null;
    return this.#loop.runtimeInitialized ? 'STATUS$RUNTIME_STARTED' : 'STATUS$STARTING_RUNTIME';
  }

  /** The agent's newest state in the stream. */
  get agentState(): unknown {
    return this.events.findLast(({ observation }) => observation === 'agent_state_changed')?.extras?.agent_state;
  }

  /** The user messages in the last request to the model. */
  get messagesSeenByModel(): readonly string[] {
    return this.modelCalls.at(-1) ?? [];
  }

  get isAbsent(): boolean {
    const { absentLooks = 0 } = this.script;
    return this.isLive && absentLooks > 0 && Math.max(this.looks, this.statusLooks) <= absentLooks;
  }

  start({ message, imageUrls, replayJson }: LoopStart): void {
    const { unstartedLooks = 0, loadingLooks = 0, evictedAtLook, statusWhileLoading, agent } = this.script;
    const loop: Loop = {
      steps: [],
      hasMemory: false,
      runtimeInitialized: false,
      hasController: false,
      agentState: 'loading',
      replay: [],
      isStepping: false,
      unheard: [],
    };
    this.#loop = loop;
    this.#lives += 1;
    this.looks = 0;
    this.statusLooks = 0;
    if (evictedAtLook !== undefined) this.#at(evictedAtLook, () => this.evict());
    this.#at(unstartedLooks === 0 ? 0 : unstartedLooks + 1, () => {
      this.append(agentStateChanged('loading'));
      loop.runtimeInitialized = statusWhileLoading === 'RUNNING' || agent === 'dead';
    });
    // Older versions answer the POST before the memory is loaded.
    this.#at(new Version(this.version).isBefore('0.60') ? unstartedLooks + 1 : 0, () => {
      loop.hasMemory = true;
    });
    if (agent !== 'dead') {
      this.#at(loadingLooks, () => this.#finishLoading(loop, { message, imageUrls, replayJson }));
    }
  }

  /** The loop ends with its process. The stream does not show it. */
  die(): void {
    this.#loop = undefined;
  }

  /** The server closes the loop. A controller, if there is one, records it in the stream. */
  evict(): void {
    if (this.#loop?.hasController) this.#setAgentState('stopped');
    this.#loop = undefined;
  }

  /** Takes an event from outside into a live loop. Returns false if it is not an event. */
  dispatch(body: unknown): boolean {
    if (body === null || typeof body !== 'object') return false;
    const { action, args, observation, cause } = body as Record<string, unknown>;
    const values = (args ?? {}) as Record<string, unknown>;
    if (action === 'message') {
      this.#deliver(userMessage(String(values.content), (values.image_urls ?? null) as string[] | null));
    } else if (action === 'change_agent_state') {
      const agentState = String(values.agent_state);
      this.append(changeAgentState('user', agentState));
      if (this.#loop?.hasController) this.#setAgentState(agentState);
    } else if (observation === 'null') {
      this.append(nullObservation('user', cause as number | undefined));
      if (typeof cause === 'number' && cause > 0) this.#step();
    } else {
      return false;
    }
    return true;
  }

  /** Counts one more look at the events and runs the steps due at it. */
  look(): void {
    this.looks += 1;
    this.#advance();
  }

  /** A page of events; undefined if it would contain a broken one. */
  search(startId: number, endId: number | undefined, reverse: boolean, limit: number): EventPage | undefined {
    const from = Math.max(0, startId);
    const to = Math.min(this.events.length, endId === undefined ? this.events.length : endId + 1);
    const wanted = limit + 1;
    const found = reverse
      ? this.events.slice(Math.max(from, to - wanted), Math.max(from, to)).reverse()
      : this.events.slice(from, Math.min(to, from + wanted));
    if (found.some(({ id }) => this.brokenEvents.has(id))) return undefined;
    return { events: found.slice(0, limit), has_more: found.length > limit };
  }

  append(event: NewEvent): OpenHandsEvent {
    const stored = { id: this.events.length, timestamp: now(), ...this.#hideSecrets(event) };
    this.events.push(stored);
    if (stored.source === 'user' && stored.action === 'message') this.#userMessages.push(stored);
    this.touch();
    return stored;
  }

  /** Adds `count` messages of the agent, to make the stream long. */
  appendMany(count: number): void {
    for (let index = 0; index < count; index += 1) this.append(agentMessage(`Event ${index} of a long history.`));
  }

  /** Adds `count` browser views of `bytes` each, to make the stream large. */
  appendScreenshots(count: number, bytes = 1_000_000): void {
    for (let index = 0; index < count; index += 1) this.append(browseObservation(bytes));
  }

  /** Adds an event to the stream unchanged, even an invalid one. It keeps its own id; pages go by its position. */
  appendOdd(event: object): void {
    this.events.push(event as OpenHandsEvent);
    this.touch();
  }

  #finishLoading(loop: Loop, { message, imageUrls, replayJson }: LoopStart): void {
    if (this.script.agent === 'error-on-load') {
      this.#setAgentState('error');
      return;
    }
    loop.runtimeInitialized = true;
    const hasMessage = (Boolean(message) || imageUrls.length > 0) && !this.script.swallows;
    const replay = replayJson ? readReplay(replayJson) : undefined;
    if (replay && (hasMessage || ('diesAfter' in replay && replay.diesAfter === 'loading'))) return;

    loop.hasController = true;
    if (!this.events.some(isSystemOrUserMessage)) this.append(systemMessage(this.version));
    if (replay && 'diesAfter' in replay) return;

    if (replay) loop.replay = replay.recorded.filter(({ action }) => action !== undefined);
    const initial = replay ? replay.message : hasMessage ? userMessage(message ?? '', imageUrls) : undefined;
    if (initial) {
      this.#receiveMessage(initial, changeAgentState('environment', 'running'));
    } else {
      this.append(changeAgentState('environment', 'awaiting_user_input'));
      this.#setAgentState(restingStateOf(this.script));
    }
  }

  #deliver(message: NewEvent): void {
    const { swallows = false, deliveryTrails = 0 } = this.script;
    if (swallows) return;
    if (deliveryTrails === 0) this.#receiveMessage(message);
    else this.#at(this.looks + deliveryTrails, () => this.#receiveMessage(message));
  }

  #receiveMessage(message: NewEvent, before?: NewEvent): void {
    const stored = this.append(message);
    if (before) this.append(before);
    if (!this.#loop?.hasController) return;
    if (this.#loop.isStepping) {
      this.#loop.unheard.push(stored);
      return;
    }
    const isFirst = this.#userMessages.length === 1;
    const recall = this.#recall(stored, isFirst ? 'workspace_context' : 'knowledge');
    const answer = isFirst ? recallObservation(recall.id) : nullObservation('environment', recall.id);
    if (this.script.recallsFirst) this.append(answer);
    this.#setAgentState('running');
    if (!this.script.recallsFirst) this.append(answer);
    this.#step();
  }

  #recall({ args }: OpenHandsEvent, type: RecallType): OpenHandsEvent {
    return this.append(recallAction(String(args?.content), type));
  }

  #step(): void {
    const loop = this.#loop;
    if (loop?.agentState !== 'running' || loop.isStepping) return;
    const replayed = loop.replay.shift();
    if (replayed) this.#replay(loop, replayed);
    else this.#beginTurn(loop);
  }

  #beginTurn(loop: Loop): void {
    const turn = { about: this.#userMessages.at(-1), life: this.#lives, saw: [], isAnswered: false };
    this.turns.push(turn);
    this.#askModel(loop, turn, this.script);
  }

  /** A turn keeps the script that it began with. */
  #askModel(loop: Loop, turn: Turn, script: OpenHandsScript, atLook = script.runningLooks ?? 0): void {
    const { agent, toolCalls = 0 } = script;
    turn.saw = [...this.#userMessages];
    this.modelCalls.push(turn.saw.map(({ args }) => String(args?.content)));
    if (agent === 'runs') return;
    loop.isStepping = true;
    this.#at(atLook, () => {
      loop.isStepping = false;
      const unheard = loop.unheard.splice(0);
      turn.isAnswered = toolCalls === 0 && agent !== 'errors' && agent !== 'halts';
      if (toolCalls > 0) this.#useTool(loop, turn, { ...script, toolCalls: toolCalls - 1 }, unheard);
      else if (agent === 'errors') this.#failTurn(unheard, script);
      else this.#endTurn(unheard, script);
    });
  }

  /** Messages that arrive during a step are part of the next request to the model. */
  #useTool(loop: Loop, turn: Turn, script: OpenHandsScript, unheard: OpenHandsEvent[]): void {
    const command = 'make';
    const action = this.append(runAction(command));
    for (const message of unheard) {
      const recall = this.#recall(message, 'knowledge');
      this.append(nullObservation('environment', recall.id));
    }
    this.append(runObservation(action.id, command));
    this.#askModel(loop, turn, script, this.looks + 1);
  }

  /** Messages that arrived during the last step are recalled, but an agent at rest does not handle them. */
  #endTurn(unheard: OpenHandsEvent[], script: OpenHandsScript): void {
    if (script.agent !== 'halts') this.append(agentMessage('Hello from the model.'));
    const recalls = unheard.map((message) => this.#recall(message, 'knowledge'));
    this.#setAgentState(restingStateOf(script));
    for (const { id } of recalls) this.append(nullObservation('environment', id));
  }

  /** A message that has arrived in the meantime makes a failed agent run again. */
  #failTurn(unheard: OpenHandsEvent[], { secondError = 'first', recallsFirst = true }: OpenHandsScript): void {
    this.#setAgentState('error');
    if (unheard.length === 0) return;
    if (secondError === 'first') {
      this.#setAgentState('running');
      this.#setAgentState('error');
    }
    const recalls = unheard.map((message) => this.#recall(message, 'knowledge'));
    if (!recallsFirst) this.#setAgentState('running');
    for (const { id } of recalls) this.append(nullObservation('environment', id));
    this.#setAgentState('running');
    if (secondError === 'begun') this.#setAgentState('error');
    this.#step();
    if (secondError === 'answered' && this.turns.at(-1)?.isAnswered) this.#setAgentState('error');
  }

  #replay(loop: Loop, recorded: NewEvent): void {
    const content = String(recorded.args?.content ?? '');
    if (recorded.source === 'user' && recorded.action === 'message') {
      this.#receiveMessage(userMessage(content, null));
      return;
    }
    this.append({ ...recorded, message: content });
    // Only the last recorded message may wait for the user. Any other would stop the replay.
    if (recorded.args?.wait_for_response && loop.replay.length === 0) this.#setAgentState('awaiting_user_input');
    else if (recorded.action === 'finish') this.#setAgentState('finished');
    else this.#step();
  }

  #setAgentState(agentState: string): void {
    if (!this.#loop || this.#loop.agentState === agentState) return;
    this.#loop.agentState = agentState;
    const { errorReason = 'STATUS$ERROR_LLM_AUTHENTICATION' } = this.script;
    this.append(agentStateChanged(agentState, agentState === 'error' ? errorReason : ''));
  }

  #at(look: number, run: () => void): void {
    this.#loop?.steps.push({ atLook: look, run });
    this.#loop?.steps.sort((one, other) => one.atLook - other.atLook);
    this.#advance();
  }

  #advance(): void {
    while (this.#loop?.steps[0] && this.#loop.steps[0].atLook <= this.looks) this.#loop.steps.shift()?.run();
  }

  #hideSecrets(event: NewEvent): NewEvent {
    if (this.secrets.length === 0) return event;
    let text = JSON.stringify(event);
    for (const secret of this.secrets) text = text.replaceAll(secret, '<secret_hidden>');
    return JSON.parse(text);
  }
}

function restingStateOf({ endsIn = 'awaiting_user_input' }: OpenHandsScript): string {
  return endsIn;
}

function isSystemOrUserMessage({ source, action }: OpenHandsEvent): boolean {
  return action === 'system' || (source === 'user' && action === 'message');
}

/** The server's own format: local time without a zone, in microseconds. */
function now(): string {
  return `${new Date().toISOString().slice(0, -1)}000`;
}
