import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.js';
import type { ChildServer } from './child-server.js';
import { installPythonPackages } from './python-package.js';
import { startPythonServer } from './python-server.js';

const VERSION = '0.55.0';

/** Three days after its release: with the FastAPI and FastMCP of later it doesn't start. */
const RESOLVED_AS_OF = '2025-09-05';

export interface OpenHandsInstallation {
  python: string;
}

export interface StartOpenHandsOptions {
  installation: OpenHandsInstallation;
  /** Keeps its conversations and workspaces: a second server on the same folder knows the conversations of the first. */
  dataFolder: string;
  /** @default a free one */
  port?: number;
  /** On top of this process's environment and the server's own settings. */
  env?: NodeJS.ProcessEnv;
}

/**
 * Installs the OpenHands server, which needs about 1.5 GB, into the cache folder, once.
 *
 * @param report - takes a line for each download
 */
export async function installOpenHands(report: (line: string) => void): Promise<OpenHandsInstallation> {
  const python = await installPythonPackages({
    folder: join(cacheFolder(), `openhands-ai-${VERSION}`),
    requirements: [`openhands-ai==${VERSION}`],
    python: ['3.12', '3.13'],
    resolvedAsOf: RESOLVED_AS_OF,
    report,
  });
  return { python };
}

/** Starts the OpenHands server on 127.0.0.1, with agents that run without Docker, and waits until it is up. */
export async function startOpenHands(options: StartOpenHandsOptions): Promise<ChildServer> {
  const { installation, dataFolder, env, ...rest } = options;
  const workspace = join(dataFolder, 'workspace');
  await mkdir(workspace, { recursive: true });
  return startPythonServer({
    ...rest,
    name: `openhands-ai ${VERSION}`,
    python: installation.python,
    module: 'uvicorn',
    args: (port) => ['openhands.server.listen:app', '--host', '127.0.0.1', '--port', String(port)],
    // It reads a config.toml where it is started.
    cwd: dataFolder,
    env: {
      ...process.env,
      // With one set, this version doesn't start.
      SESSION_API_KEY: undefined,
      // Without it the server fetches the prices of models from the internet while it starts.
      LITELLM_LOCAL_MODEL_COST_MAP: 'True',
      ALLOW_SET_CONVERSATION_ID: '1',
      RUNTIME: 'cli',
      SERVE_FRONTEND: 'false',
      FILE_STORE: 'local',
      FILE_STORE_PATH: join(dataFolder, 'file-store'),
      WORKSPACE_BASE: workspace,
      ...env,
    },
    healthPath: '/health',
  });
}

/**
 * Gives a running OpenHands server the settings without which it refuses to create conversations.
 *
 * @throws Error when it doesn't accept them
 */
export async function configureOpenHands(url: string, { llmBaseUrl }: { llmBaseUrl: string }): Promise<void> {
  const response = await fetch(`${url}/api/settings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      llm_model: 'openai/gpt-4o',
      llm_api_key: 'sk-unused',
      llm_base_url: llmBaseUrl,
      agent: 'CodeActAgent',
      language: 'en',
    }),
  });
  if (!response.ok) throw new Error(`POST ${url}/api/settings: ${response.status} ${await response.text()}`);
}
