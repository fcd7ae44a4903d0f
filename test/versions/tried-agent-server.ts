import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import {
  type AgentServerInstallation,
  type AgentServerVersion,
  installAgentServer,
  startAgentServer,
} from '../../dev-stack/agent-server.js';
import { TriedServer } from './tried-server.js';

interface AgentServerEvent {
  readonly kind: string;
  readonly source: string;
  readonly llm_message?: { readonly content: readonly { readonly text?: string }[] };
}

const statuses: Readonly<Record<string, readonly string[]>> = {
  working: ['running'],
  failed: ['error'],
  resting: ['finished'],
};

export class TriedAgentServer extends TriedServer {
  #installation: AgentServerInstallation | undefined;

  constructor(
    readonly version: AgentServerVersion,
    modelUrl: string,
  ) {
    super(modelUrl);
  }

  protected async launch(folder: string, env: NodeJS.ProcessEnv, port?: number) {
    this.#installation ??= await installAgentServer(console.error, this.version);
    return startAgentServer({
      installation: this.#installation,
      dataFolder: folder,
      sessionApiKey: TriedServer.sessionApiKey,
      env,
      ...(port !== undefined && { port }),
    });
  }

  input() {
    return {
      sid: randomUUID(),
      server: 'agent-server' as const,
      settings: {
        // A terminal would be a daemon that outlives a killed server.
        agentSettings: { llm: { model: 'openai/gpt-4o', api_key: 'sk-x', base_url: this.modelUrl }, tools: [] },
        workspace: { working_dir: join(this.folder, 'conversations') },
      },
      client: { sessionApiKey: TriedServer.sessionApiKey },
    };
  }

  async create(sid: string, content?: string): Promise<void> {
    const { agentSettings, workspace } = this.input().settings;
    const { status, json } = await this.request('POST', '/api/conversations', {
      conversation_id: sid,
      agent_settings: agentSettings,
      workspace,
      ...(content !== undefined && {
        initial_message: { role: 'user', content: [{ type: 'text', text: content }], run: true },
      }),
    });
    assert.equal(status, 201, JSON.stringify(json));
  }

  async refuseCreates() {
    return { input: { settings: { workspace: {} } }, accept: async () => undefined };
  }

  async messages(sid: string): Promise<string[]> {
    const { status, json } = await this.request('GET', `${this.eventsOf(sid)}/search?limit=100`);
    if (status === 404) return [];
    assert.equal(status, 200, JSON.stringify(json));
    return (json as { items: AgentServerEvent[] }).items
      .filter(({ kind, source }) => kind === 'MessageEvent' && source === 'user')
      .map(({ llm_message: message }) => (message?.content ?? []).map(({ text = '' }) => text).join(''));
  }

  async agentIs(sid: string, state: 'working' | 'failed' | 'resting'): Promise<boolean> {
    const { json } = await this.request('GET', `/api/conversations/${sid}`);
    return statuses[state]?.includes((json as { execution_status?: string }).execution_status ?? '') ?? false;
  }

  eventsOf(sid: string): string {
    return `/api/conversations/${sid}/events`;
  }
}
