import { mkdir } from 'node:fs/promises';
import type { ChildServer } from './child-server.js';
import { installPythonPackages } from './python-package.js';
import { startPythonServer } from './python-server.js';

/**
 * The versions that are known to run, each with the date for resolving its dependencies: a few days after its release.
 */
const resolvedAsOf = {
  // Below the supported range: for the test that it is refused.
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
  /** The server keeps its conversations here. A second server on the same folder knows them. */
  dataFolder: string;
  /** The key that requests must carry. */
  sessionApiKey: string;
  /** @default a free one */
  port?: number;
  /** In addition to this process's environment and the server's own settings. */
  env?: NodeJS.ProcessEnv;
}

/**
 * Installs the OpenHands agent server into the cache folder, once.
 *
 * @param report - Called with a line for each download.
 */
export async function installAgentServer(
  report: (line: string) => void,
  version: AgentServerVersion = '1.58.2',
): Promise<AgentServerInstallation> {
  const python = await installPythonPackages({
    // Pinned, because the server accepts any SDK version, and imports modules that only the tools require.
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
    // The server keeps conversations in the folder `workspace` of its working directory.
    cwd: dataFolder,
    env: {
      ...process.env,
      // Otherwise LiteLLM fetches prices during its import, which sometimes deadlocks without internet access.
      LITELLM_LOCAL_MODEL_COST_MAP: 'True',
      OH_ENABLE_VSCODE: 'false',
      SESSION_API_KEY: sessionApiKey,
      ...env,
    },
    healthPath: '/ready',
  });
}
