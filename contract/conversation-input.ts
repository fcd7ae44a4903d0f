import type { DurationString } from './duration-string.js';

/**
 * The input of the workflow, as a caller writes it. Plain JSON: a Temporal client in any language can pass it. What is
 * out of bounds or unknown is refused as `InvalidInput`, by the field's name, before anything is sent.
 *
 * A type of its own rather than one inferred from the schema in `input.ts`, for the sake of whoever reads it in an editor;
 * that the two agree is checked when this package is compiled.
 */
export interface CreateNestedConversationInput {
  /**
   * Base URL of the nested server, e.g. `http://runtime-conv123:8080`: http or https, at most 2,048 characters, without
   * credentials, query and fragment.
   */
  apiUrl: string;
  /**
   * The conversation's id, chosen by the caller: 1 to 100 characters, no `..`, `/`, `\` or control characters. For
   * `agent-server` a UUID, in any spelling. Together with the namespace it is the lock: one start runs at a time.
   */
  sid: string;
  /** The authenticated user: 1 to 255 characters, no control characters. Nobody else can attach to this start. */
  userId: string;
  /** What the conversation is created with. Names and bounds are those of the server. @default {} */
  settings?: ConversationSettings | undefined;
  /** The first message to the agent; it is delivered exactly once. @default null, none */
  initialUserMsg?: InitialUserMessage | null | undefined;
  /**
   * Recorded events to continue from, as a JSON text: an array that begins with a message. Only for `openhands`, and not
   * together with `initialUserMsg`. @default null, none
   */
  replayJson?: string | null | undefined;
  /** How requests to the nested server are made. */
  client?: NestedClientSettings | undefined;
  /** How often, how long and for what to check that the conversation is ready. */
  readiness?: ReadinessSettings | undefined;
  /** How long preparing `settings.repository` may take; `agent-server` only. */
  preparation?: PreparationSettings | undefined;
  /**
   * The API that the nested server speaks: that of `openhands-ai` 0.51 to 1.6, or that of `openhands-agent-server` 1.23.1
   * and later. @default 'openhands'
   */
  server?: 'openhands' | 'agent-server' | undefined;
  /** What to do with the conversation after its start failed or was cancelled. @default 'keep' */
  onFailure?: 'keep' | 'stop' | undefined;
}

/** What the conversation is created with. What is inside an object goes to the server untouched. */
export interface ConversationSettings {
  /** MCP servers: `{ sse_servers, shttp_servers, stdio_servers }`, on either server. */
  mcpConfig?: Record<string, unknown> | null | undefined;
  /**
   * `owner/name`, on either server; for `agent-server` a URL, too. An `openhands` server clones it with the token that it
   * keeps; in an agent-server's working directory the workflow prepares it.
   */
  repository?: string | null | undefined;
  /** A branch of `repository`. @default a new one, made from the repository's default branch */
  selectedBranch?: string | null | undefined;
  /** Where `repository` is: `github`, `gitlab`, `bitbucket`, `enterprise_sso`, or what else the server knows. */
  gitProvider?: string | null | undefined;
  /**
   * What opens `repository`, by provider, e.g. `{ github: { token } }`. For `agent-server`; an `openhands` server keeps
   * tokens of its own, and is not sent these.
   */
  providerTokens?: Record<string, string | ProviderToken | null> | null | undefined;
  /** Instructions to the agent beside the message, on either server. */
  conversationInstructions?: string | null | undefined;
  /** The agent, `agent-server` only, in the server's key names, e.g. `{ llm: { model, api_key, base_url } }`. */
  agentSettings?: Record<string, unknown> | null | undefined;
  /**
   * The workspace, `agent-server` only, in the server's key names, e.g. `{ working_dir }`. @default the folder
   * `workspace/<sid>` where the server was started
   */
  workspace?: Record<string, unknown> | null | undefined;
  /** `agent-server` only: whatever else its StartConversationRequest takes, in its key names. */
  [key: string]: unknown;
}

/** A token as OpenHands' own settings have it; other keys are ignored. */
export interface ProviderToken {
  token?: string | null | undefined;
  /** Where the provider is, if not at its public address: `'git.example.com'`. */
  host?: string | null | undefined;
  [key: string]: unknown;
}

export interface InitialUserMessage {
  /** Empty only where there are images. */
  content: string;
  /** URLs or data URLs of images, for a model with vision. @default [] */
  imageUrls?: string[] | undefined;
}

export interface NestedClientSettings {
  /** Deadline of a whole request while creating: `'100 milliseconds'` to `'5 minutes'`. @default '60 seconds' */
  timeout?: DurationString | undefined;
  /** Sent as `X-Session-API-Key`: printable ASCII without spaces. @default none */
  sessionApiKey?: string | null | undefined;
}

export interface ReadinessSettings {
  /** Time between two readiness checks: `'1 second'` to `'1 hour'`. @default '2 seconds' */
  interval?: DurationString | undefined;
  /** How many readiness checks to make at most, the first included: 1 to 10,000. @default 60 */
  maximumAttempts?: number | undefined;
  /** Deadline of one readiness check: `'100 milliseconds'` to `'1 minute'`. @default '5 seconds' */
  lookTimeout?: DurationString | undefined;
  /**
   * `'agent-started'`: the agent has taken up the message, or waits for one. `'accepting-events'` is weaker: a
   * conversation whose agent never starts passes it. @default 'agent-started'
   */
  readyWhen?: 'agent-started' | 'accepting-events' | undefined;
}

export interface PreparationSettings {
  /** Time for one try to get the repository: `'1 second'` to `'1 hour'`. @default '10 minutes' */
  checkoutTimeout?: DurationString | undefined;
  /** Time for the repository's `.openhands/setup.sh`: `'1 second'` to `'1 hour'`. @default '10 minutes' */
  setupTimeout?: DurationString | undefined;
}
