import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import type { ChildServer } from '../../dev-stack/child-server.js';

export interface Answer {
  readonly status: number;
  readonly json: unknown;
}

/** A real nested server that can be stopped and restarted with its data and port, as seen by another client. */
export abstract class TriedServer {
  static readonly sessionApiKey = 'k3y-of-the-session';

  /** For example `1.40.0`. */
  abstract readonly version: string;
  /** The URL at which its agents find the model. */
  readonly modelUrl: string;
  #folder = '';
  #child: ChildServer | undefined;

  constructor(modelUrl: string) {
    this.modelUrl = modelUrl;
  }

  /** Starts the server, also after {@link stop}. */
  async start(env: NodeJS.ProcessEnv = {}): Promise<void> {
    this.#folder ||= await mkdtemp(join(tmpdir(), 'tried-server-'));
    this.#child = await this.launch(this.#folder, env, this.#child?.port);
  }

  async stop(signal?: NodeJS.Signals): Promise<void> {
    await this.#child?.stop(signal);
  }

  async restart(signal: NodeJS.Signals): Promise<void> {
    await this.stop(signal);
    await this.start();
  }

  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }

  get url(): string {
    if (!this.#child) throw new Error('It was never started');
    return this.#child.url;
  }

  /** The folder of its data and workspaces. */
  get folder(): string {
    return this.#folder;
  }

  /** The parts of an input for this server, without the message. */
  abstract input(): Partial<CreateNestedConversationInput> & { readonly sid: string };
  /** Creates a conversation, with or without a message, like another client. */
  abstract create(sid: string, content?: string): Promise<void>;
  /** Makes the server refuse the next create of {@link input} with 400 or 422. */
  abstract refuseCreates(): Promise<{ input: Partial<CreateNestedConversationInput>; accept(): Promise<void> }>;
  /** The texts of the user's messages in the conversation's event stream. */
  abstract messages(sid: string): Promise<string[]>;
  /** Whether the agent is working, has failed, or rests after its answer. */
  abstract agentIs(sid: string, state: 'working' | 'failed' | 'resting'): Promise<boolean>;
  /** The path to which a conversation's messages are posted. */
  abstract eventsOf(sid: string): string;

  protected abstract launch(folder: string, env: NodeJS.ProcessEnv, port?: number): Promise<ChildServer>;

  async untilAgentIs(sid: string, state: 'working' | 'failed' | 'resting'): Promise<void> {
    await until(`the agent of ${sid} is ${state}`, () => this.agentIs(sid, state));
  }

  /**
   * Resolves once nothing is being written. A kill during a write would corrupt a file, and no start could recover from
   * that.
   */
  async untilStill(): Promise<void> {
    await until(
      'nothing was written for a second',
      async () => Date.now() - (await lastWrittenMs(this.#folder)) > 1000,
    );
  }

  async request(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      // The next request must not use a connection that the server has closed.
      headers: {
        'content-type': 'application/json',
        'x-session-api-key': TriedServer.sessionApiKey,
        connection: 'close',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      json: response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text,
    };
  }
}

/**
 * Resolves once the condition holds.
 *
 * @throws Error if it does not within a minute
 */
export async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited for a minute until ${what}`);
    await setTimeout(250);
  }
}

async function lastWrittenMs(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true });
  // A file that is gone was completely written.
  const written = await Promise.all(files.map((file) => stat(join(folder, file)).catch(() => undefined)));
  return Math.max(0, ...written.map((file) => file?.mtimeMs ?? 0));
}
