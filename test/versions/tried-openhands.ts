import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import {
  configureOpenHands,
  installOpenHands,
  type OpenHandsInstallation,
  type OpenHandsVersion,
  startOpenHands,
} from '../../dev-stack/openhands-server.js';
import { TriedServer, until } from './tried-server.js';

interface OpenHandsEvent {
  readonly action?: string;
  readonly observation?: string;
  readonly source?: string;
  readonly args?: { readonly content?: string };
  readonly extras?: { readonly agent_state?: string };
}

const agentStates: Readonly<Record<string, readonly string[]>> = {
  working: ['running'],
  failed: ['error'],
  resting: ['awaiting_user_input', 'finished'],
};

export class TriedOpenHands extends TriedServer {
  #installation: OpenHandsInstallation | undefined;

  constructor(
    readonly version: OpenHandsVersion,
    modelUrl: string,
    /** Makes the status readable, as it would otherwise be only in production. */
    readonly env: NodeJS.ProcessEnv = {},
  ) {
    super(modelUrl);
  }

  protected async launch(folder: string, env: NodeJS.ProcessEnv, port?: number) {
    this.#installation ??= await installOpenHands(console.error, this.version);
    const child = await startOpenHands({
      installation: this.#installation,
      dataFolder: folder,
      env: { SESSION_API_KEY: TriedServer.sessionApiKey, ...this.env, ...env },
      ...(port !== undefined && { port }),
    });
    return child;
  }

  /** Stores the settings without which the server refuses every create. */
  async configure(llmModel?: string): Promise<void> {
    await configureOpenHands(this.url, {
      llmBaseUrl: this.modelUrl,
      sessionApiKey: TriedServer.sessionApiKey,
      ...(llmModel && { llmModel }),
    });
  }

  input() {
    return { sid: `conv-${randomUUID()}`, client: { sessionApiKey: TriedServer.sessionApiKey } };
  }

  async create(sid: string, content?: string): Promise<void> {
    // 0.55 answers 500 while it makes room for a conversation.
    await until(`${sid} is created`, async () => {
      const body = { conversation_id: sid, ...(content !== undefined && { initial_user_msg: content }) };
      return (await this.request('POST', '/api/conversations', body)).status === 200;
    });
  }

  async refuseCreates() {
    const settings = join(this.folder, 'file-store', 'settings.json');
    await rename(settings, `${settings}.away`);
    return { input: {}, accept: () => rename(`${settings}.away`, settings) };
  }

  async messages(sid: string): Promise<string[]> {
    return (await this.#events(sid))
      .filter(({ action, source }) => action === 'message' && source === 'user')
      .map(({ args }) => args?.content ?? '');
  }

  async agentIs(sid: string, state: 'working' | 'failed' | 'resting'): Promise<boolean> {
    const newest = (await this.#events(sid)).findLast(({ observation }) => observation === 'agent_state_changed');
    return agentStates[state]?.includes(newest?.extras?.agent_state ?? '') ?? false;
  }

  eventsOf(sid: string): string {
    return `/api/conversations/${sid}/events`;
  }

  /** Whether the conversation's loop has ended: evicted, stopped, or gone with the server's process. */
  async loopIsGone(sid: string): Promise<boolean> {
    const { status, json } = await this.request('GET', `/api/conversations/${sid}/microagents`);
    return status === 404 && (json as { error?: string }).error === 'Agent session not found for this conversation';
  }

  async #events(sid: string): Promise<readonly OpenHandsEvent[]> {
    let events: readonly OpenHandsEvent[] | undefined;
    // The server answers 500 while it writes an event.
    await until(`the events of ${sid} can be read`, async () => {
      const { status, json } = await this.request('GET', `${this.eventsOf(sid)}?limit=100`);
      if (status === 200) events = (json as { events: OpenHandsEvent[] }).events;
      return status === 200 || status === 404;
    });
    return events ?? [];
  }
}
