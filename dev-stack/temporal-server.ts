import { TestWorkflowEnvironment } from '@temporalio/testing';
import { ConfigError } from '../config/config-error.js';
import type { TemporalConfig } from '../config/temporal.js';
import { whyUnreachable } from '../config/why-unreachable.js';
import { launchDevServer } from './dev-server.js';
import { freePort, isFree } from './free-port.js';

/** Where a dev server and its Web UI are usually found. */
const defaultPort = 7233;
const defaultUiPort = 8233;

/** A Temporal server to try things on. */
export interface TemporalServer {
  readonly env: TestWorkflowEnvironment;
  readonly namespace: string;
  /** Base URL of its Web UI; absent for a server that is not ours. */
  readonly webUiUrl?: string;
  /** Closes the connections, and ends the server if it is ours. */
  stop(): Promise<void>;
}

export interface DevServerPorts {
  readonly port: number;
  readonly uiPort: number;
}

/** The usual ports of a dev server and its Web UI where both are free, else any. */
export async function findDevServerPorts(): Promise<DevServerPorts> {
  const isUsual = (await isFree(defaultPort)) && (await isFree(defaultUiPort));
  if (isUsual) return { port: defaultPort, uiPort: defaultUiPort };
  return { port: await freePort(), uiPort: await freePort() };
}

export interface StartTemporalServerOptions {
  readonly config: TemporalConfig;
  /** For a server of our own. */
  readonly ports: DevServerPorts;
  /** Where a Web UI of our own has payloads decoded. @default nowhere */
  readonly codecEndpoint?: string | undefined;
  readonly report: (line: string) => void;
}

/** The server of `TEMPORAL_ADDRESS` where that is set, else a dev server of our own, in memory, with its Web UI. */
export async function startTemporalServer(options: StartTemporalServerOptions): Promise<TemporalServer> {
  const { config, ports, codecEndpoint, report } = options;
  const { port, uiPort } = ports;
  const { connectionOptions, namespace, dataConverter } = config;
  if (process.env.TEMPORAL_ADDRESS) {
    const { address, ...others } = connectionOptions;
    const env = await TestWorkflowEnvironment.createFromExistingServer({
      address,
      namespace,
      connectionOptions: others,
      client: { dataConverter },
    }).catch(async (error: unknown) => {
      throw new ConfigError(await whyUnreachable(connectionOptions, error));
    });
    return { env, namespace, stop: () => env.teardown() };
  }
  const server = await launchDevServer({ report, port, uiPort, codecEndpoint });
  const env = await TestWorkflowEnvironment.createFromExistingServer({
    address: server.address,
    client: { dataConverter },
  });
  return {
    env,
    namespace: 'default',
    webUiUrl: `http://localhost:${uiPort}`,
    async stop() {
      await env.teardown();
      await server.stop();
    },
  };
}
