import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.js';
import type { ChildServer } from './child-server.js';
import { installPythonPackages } from './python-package.js';
import { startPythonServer } from './python-server.js';

const VERSION = '1.58.0';
const RESOLVED_AS_OF = '2026-11-15';

export interface AgentServerInstallation {
  python: string;
}

export interface StartAgentServerOptions {
  installation: AgentServerInstallation;
  /** Keeps its conversations: a second server on the same folder knows the conversations of the first. */
  dataFolder: string;
  /** The key that requests must carry. */
  sessionApiKey: string;
  /** @default a free one */
  port?: number;
  /** On top of this process's environment and the server's own settings. */
  env?: NodeJS.ProcessEnv;
}

/**
 * Installs the OpenHands agent server into the cache folder, once.
 *
 * @param report - takes a line for each download
 */
export async function installAgentServer(report: (line: string) => void): Promise<AgentServerInstallation> {
  const python = await installPythonPackages({
    folder: join(cacheFolder(), `openhands-agent-server-${VERSION}`),
    requirements: [`openhands-agent-server==${VERSION}`],
    python: ['3.12', '3.13'],
    resolvedAsOf: RESOLVED_AS_OF,
    report,
  });
  return { python };
}

/** Starts the OpenHands agent server on 127.0.0.1 and waits until it is ready. */
export async function startAgentServer(options: StartAgentServerOptions): Promise<ChildServer> {
  const { installation, dataFolder, sessionApiKey, env, ...rest } = options;
  await mkdir(dataFolder, { recursive: true });
  return startPythonServer({
    ...rest,
    name: `openhands-agent-server ${VERSION}`,
    python: installation.python,
    module: 'openhands.agent_server',
    args: (port) => ['--host', '127.0.0.1', '--port', String(port)],
    // Its conversations are in a folder `workspace` where it is started.
    cwd: dataFolder,
    env: {
      ...process.env,
      // Else LiteLLM fetches prices while it is imported, and without the internet that deadlocks now and then.
      LITELLM_LOCAL_MODEL_COST_MAP: 'True',
      OH_ENABLE_VSCODE: 'false',
      SESSION_API_KEY: sessionApiKey,
      ...env,
    },
    healthPath: '/ready',
  });
}
