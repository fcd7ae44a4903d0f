import type { DurationString } from './duration-string.js';

/**
 * The input of the workflow, as a caller writes it. It is plain JSON, so a Temporal client in any language can pass it.
 * Unknown fields and values out of bounds fail with `InvalidInput`, which names the field, before anything is sent.
 *
 * The type is written by hand instead of inferred from the schema in `input.ts`, so that editors show its
 * documentation. The compiler checks that the two agree.
 */
export interface CreateNestedConversationInput {
  /**
   * Base URL of the nested server, e.g. `http://runtime-conv123:8080`: http or https, at most 2,048 characters, without
   * credentials, query and fragment.
   */
  apiUrl: string;
  /**
   * The conversation's id, chosen by the caller: 1 to 100 characters, no `..`, `/`, `\` or control characters. For
   * `agent-server` a UUID, in any spelling. The id is the lock: one start per id and namespace runs at a time.
   */
  sid: string;
  /** The authenticated user: 1 to 255 characters, no control characters. Other users can't attach to this start. */
  userId: string;
  /** What the conversation is created with. The server defines the names and bounds. @default {} */
  settings?: ConversationSettings | undefined;
  /** The first message to the agent. It is delivered exactly once. @default null, none */
  initialUserMsg?: InitialUserMessage | null | undefined;
  /**
   * Recorded events to continue from, as JSON text: an array that begins with a message. Only for `openhands`, and not
   * together with `initialUserMsg`. @default null, none
   */
  replayJson?: string | null | undefined;
  /** How requests to the nested server are made. */
  client?: NestedClientSettings | undefined;
  /** How often to check that the conversation is ready, how many times, and what counts as ready. */
  readiness?: ReadinessSettings | undefined;
  /** How long the preparation of `settings.repository` may take. `agent-server` only. */
  preparation?: PreparationSettings | undefined;
  /**
   * The API of the nested server: `openhands-ai` 0.51 to 1.6, or `openhands-agent-server` 1.23.1 and later.
   * @default 'openhands'
   */
  server?: 'openhands' | 'agent-server' | undefined;
  /** Whether to stop the conversation when its start fails or is cancelled. @default 'keep' */
  onFailure?: 'keep' | 'stop' | undefined;
}

/** What the conversation is created with. The contents of an object are sent to the server unchanged. */
export interface ConversationSettings {
  /** MCP servers in the format of OpenHands: `{ sse_servers, shttp_servers, stdio_servers }`. Accepted for both servers. */
  mcpConfig?: Record<string, unknown> | null | undefined;
  /**
   * `owner/name`; for `agent-server` also a URL. An `openhands` server clones it with the token it has stored. For an
   * `agent-server`, the workflow prepares it in the working directory.
   */
  repository?: string | null | undefined;
  /** A branch of `repository`. @default a new branch from the repository's default branch */
  selectedBranch?: string | null | undefined;
  /**
   * The provider that hosts `repository`: `github`, `gitlab`, `bitbucket`, `enterprise_sso`, or another one that the
   * server supports.
   */
  gitProvider?: string | null | undefined;
  /**
   * Access tokens for `repository`, by provider, e.g. `{ github: { token } }`. For `agent-server` only: an `openhands`
   * server uses the tokens it has stored, and these are not sent to it.
   */
  providerTokens?: Record<string, string | ProviderToken | null> | null | undefined;
  /** Instructions to the agent in addition to the message. Accepted for both servers. */
  conversationInstructions?: string | null | undefined;
  /** `agent-server` only: the agent, in the server's key names, e.g. `{ llm: { model, api_key, base_url } }`. */
  agentSettings?: Record<string, unknown> | null | undefined;
  /**
   * `agent-server` only: the workspace, in the server's key names, e.g. `{ working_dir }`. @default the folder
   * `workspace/<sid>` in the directory where the server was started
   */
  workspace?: Record<string, unknown> | null | undefined;
  /** `agent-server` only: any other field of its StartConversationRequest, in the server's key names. */
  [key: string]: unknown;
}

/** A token in the form that OpenHands uses in its settings. Other keys are ignored. */
export interface ProviderToken {
  token?: string | null | undefined;
  /** The provider's host, if it is not the public one, e.g. `'git.example.com'`. */
  host?: string | null | undefined;
  [key: string]: unknown;
}

export interface InitialUserMessage {
  /** Can be empty only when there are images. */
  content: string;
  /** URLs or data URLs of images, for a model with vision. @default [] */
  imageUrls?: string[] | undefined;
}

export interface NestedClientSettings {
  /**
   * Timeout of each request that creates the conversation: `'100 milliseconds'` to `'5 minutes'`. @default '60 seconds'
   */
  timeout?: DurationString | undefined;
  /** Sent as `X-Session-API-Key`: printable ASCII without spaces. @default none */
  sessionApiKey?: string | null | undefined;
}

export interface ReadinessSettings {
  /** Time between two readiness checks: `'1 second'` to `'1 hour'`. @default '2 seconds' */
  interval?: DurationString | undefined;
  /** Maximum number of readiness checks, including the first: 1 to 10,000. @default 60 */
  maximumAttempts?: number | undefined;
  /** Timeout of one readiness check: `'100 milliseconds'` to `'1 minute'`. @default '5 seconds' */
  lookTimeout?: DurationString | undefined;
  /**
   * `'agent-started'`: the agent works on the message, or waits for one. `'accepting-events'` is weaker: a conversation
   * whose agent never starts passes it. @default 'agent-started'
   */
  readyWhen?: 'agent-started' | 'accepting-events' | undefined;
}

export interface PreparationSettings {
  /** Timeout of one attempt to get the repository: `'1 second'` to `'1 hour'`. @default '10 minutes' */
  checkoutTimeout?: DurationString | undefined;
  /** Timeout of the repository's `.openhands/setup.sh`: `'1 second'` to `'1 hour'`. @default '10 minutes' */
  setupTimeout?: DurationString | undefined;
}
