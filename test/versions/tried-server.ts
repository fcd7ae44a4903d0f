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

/** A real nested server that can be ended and started again on its data and its port, as another client of it sees it. */
export abstract class TriedServer {
  static readonly sessionApiKey = 'k3y-of-the-session';

  /** Such as `1.40.0`. */
  abstract readonly version: string;
  /** Where its agents find the model. */
  readonly modelUrl: string;
  #folder = '';
  #child: ChildServer | undefined;

  constructor(modelUrl: string) {
    this.modelUrl = modelUrl;
  }

  /** Begins, or goes on after {@link stop}. */
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

  /** Holds its data and workspaces. */
  get folder(): string {
    return this.#folder;
  }

  /** What an input says to be meant for this server, but for the message. */
  abstract input(): Partial<CreateNestedConversationInput> & { readonly sid: string };
  /** Creates a conversation with a message, or none, as another client does. */
  abstract create(sid: string, content?: string): Promise<void>;
  /** Makes it refuse the next create of {@link input} with 400 or 422. */
  abstract refuseCreates(): Promise<{ input: Partial<CreateNestedConversationInput>; accept(): Promise<void> }>;
  /** The texts of the user's messages in the conversation's event stream. */
  abstract messages(sid: string): Promise<string[]>;
  /** Whether the agent is at work, has failed, or rests after its answer. */
  abstract agentIs(sid: string, state: 'working' | 'failed' | 'resting'): Promise<boolean>;
  /** The path to which messages of a conversation are posted. */
  abstract eventsOf(sid: string): string;

  protected abstract launch(folder: string, env: NodeJS.ProcessEnv, port?: number): Promise<ChildServer>;

  async untilAgentIs(sid: string, state: 'working' | 'failed' | 'resting'): Promise<void> {
    await until(`the agent of ${sid} is ${state}`, () => this.agentIs(sid, state));
  }

  /** Resolves once nothing is being written: a kill in the middle of that would tear a file, and no start could help it. */
  async untilStill(): Promise<void> {
    await until(
      'nothing was written for a second',
      async () => Date.now() - (await lastWrittenMs(this.#folder)) > 1000,
    );
  }

  async request(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      // The next request shall not meet a connection that the server has closed.
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
 * @throws Error when it does not within a minute
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
  // What is gone by now was written to its end.
  const written = await Promise.all(files.map((file) => stat(join(folder, file)).catch(() => undefined)));
  return Math.max(0, ...written.map((file) => file?.mtimeMs ?? 0));
}
