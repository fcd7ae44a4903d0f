import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChildServer } from './child-server.js';
import { installPythonPackages } from './python-package.js';
import { startPythonServer } from './python-server.js';

/**
 * The versions that are known to run. The dependencies of each are resolved as of a few days after its release: older
 * versions don't start with later releases of FastAPI and FastMCP.
 */
const releases = {
  '0.51.1': { resolvedAsOf: '2025-08-03', beside: [] },
  // With the FastMCP release of that date, it doesn't start if SESSION_API_KEY is set.
  '0.55.0': { resolvedAsOf: '2025-09-05', beside: ['fastmcp==2.11.3'] },
  '0.62.0': { resolvedAsOf: '2025-11-25', beside: [] },
  '1.6.0': { resolvedAsOf: '2026-04-03', beside: [] },
  // Without the API that this dialect uses: for the test that it is refused.
  '1.7.0': { resolvedAsOf: '2026-05-05', beside: [] },
} as const;

export type OpenHandsVersion = keyof typeof releases;

export interface OpenHandsInstallation {
  version: OpenHandsVersion;
  python: string;
}

export interface StartOpenHandsOptions {
  installation: OpenHandsInstallation;
  /** The server keeps its conversations and workspaces here. A second server on the same folder knows them. */
  dataFolder: string;
  /** @default a free one */
  port?: number;
  /** In addition to this process's environment and the server's own settings. */
  env?: NodeJS.ProcessEnv;
}

/**
 * Installs the OpenHands server, about 1.5 GB, into the cache folder, once.
 *
 * @param report - Called with a line for each download.
 */
export async function installOpenHands(
  report: (line: string) => void,
  version: OpenHandsVersion = '0.55.0',
): Promise<OpenHandsInstallation> {
  const { resolvedAsOf, beside } = releases[version];
  const requirements = [`openhands-ai==${version}`, ...beside];
  const python = await installPythonPackages({ requirements, python: ['3.12', '3.13'], resolvedAsOf, report });
  return { version, python };
}

/** Starts the OpenHands server on 127.0.0.1, with agents that run without Docker, and waits until it is up. */
export async function startOpenHands(options: StartOpenHandsOptions): Promise<ChildServer> {
  const { installation, dataFolder, env, ...rest } = options;
  const workspace = join(dataFolder, 'workspace');
  await mkdir(workspace, { recursive: true });
  return startPythonServer({
    ...rest,
    name: `openhands-ai ${installation.version}`,
    python: installation.python,
    module: 'uvicorn',
    args: (port) => ['openhands.server.listen:app', '--host', '127.0.0.1', '--port', String(port)],
    // The server reads the config.toml of its working directory.
    cwd: dataFolder,
    env: {
      ...process.env,
      // A key inherited from the environment would be unknown here.
      SESSION_API_KEY: undefined,
      // Otherwise the server fetches model prices from the internet when it starts.
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

export interface OpenHandsSettings {
  llmBaseUrl: string;
  /** @default 'openai/gpt-4o' */
  llmModel?: string;
  /** The key that the server was started with, if any. */
  sessionApiKey?: string;
}

/**
 * Stores the settings in a running OpenHands server without which it refuses to create conversations.
 *
 * @throws Error if the server doesn't accept them
 */
export async function configureOpenHands(
  url: string,
  { llmBaseUrl, llmModel = 'openai/gpt-4o', sessionApiKey }: OpenHandsSettings,
): Promise<void> {
  const response = await fetch(`${url}/api/settings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(sessionApiKey && { 'x-session-api-key': sessionApiKey }) },
    body: JSON.stringify({
      llm_model: llmModel,
      llm_api_key: 'sk-unused',
      llm_base_url: llmBaseUrl,
      agent: 'CodeActAgent',
      language: 'en',
    }),
  });
  if (!response.ok) throw new Error(`POST ${url}/api/settings: ${response.status} ${await response.text()}`);
}
