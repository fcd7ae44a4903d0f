import { mkdir } from 'node:fs/promises';
import type { ChildServer } from './child-server.js';
import { installPythonPackages } from './python-package.js';
import { startPythonServer } from './python-server.js';

/** The versions that are known to run, and the date as of which each is resolved: a few days after its release. */
const resolvedAsOf = {
  // Below what is supported: to see that it is refused.
  '1.22.1': '2026-05-18',
  '1.23.1': '2026-05-28',
  '1.40.0': '2026-08-04',
  '1.58.2': '2026-10-28',
} as const;

export type AgentServerVersion = keyof typeof resolvedAsOf;

export interface AgentServerInstallation {
  version: AgentServerVersion;
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
export async function installAgentServer(
  report: (line: string) => void,
  version: AgentServerVersion = '1.58.2',
): Promise<AgentServerInstallation> {
  const python = await installPythonPackages({
    // It asks for any SDK, and imports what only the tools require.
    requirements: ['agent-server', 'sdk', 'tools'].map((name) => `openhands-${name}==${version}`),
    python: ['3.12', '3.13'],
    resolvedAsOf: resolvedAsOf[version],
    report,
  });
  return { version, python };
}

/** Starts the OpenHands agent server on 127.0.0.1 and waits until it is ready. */
export async function startAgentServer(options: StartAgentServerOptions): Promise<ChildServer> {
  const { installation, dataFolder, sessionApiKey, env, ...rest } = options;
  await mkdir(dataFolder, { recursive: true });
  return startPythonServer({
    ...rest,
    name: `openhands-agent-server ${installation.version}`,
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
