import { TestWorkflowEnvironment } from '@temporalio/testing';
import { ConfigError } from '../config/config-error.js';
import type { TemporalConfig } from '../config/temporal.js';
import { whyUnreachable } from '../config/why-unreachable.js';
import { launchDevServer } from './dev-server.js';
import { freePort, isFree } from './free-port.js';

/** The default ports of a dev server and its Web UI. */
const defaultPort = 7233;
const defaultUiPort = 8233;

/** A Temporal server for the demo. */
export interface TemporalServer {
  readonly env: TestWorkflowEnvironment;
  readonly namespace: string;
  /** The base URL of its Web UI. Absent for a server that we have not started. */
  readonly webUiUrl?: string;
  /** Closes the connections, and stops the server if we have started it. */
  stop(): Promise<void>;
}

export interface DevServerPorts {
  readonly port: number;
  readonly uiPort: number;
}

/** The default ports of a dev server and its Web UI if both are free, otherwise free ones. */
export async function findDevServerPorts(): Promise<DevServerPorts> {
  const isUsual = (await isFree(defaultPort)) && (await isFree(defaultUiPort));
  if (isUsual) return { port: defaultPort, uiPort: defaultUiPort };
  return { port: await freePort(), uiPort: await freePort() };
}

export interface StartTemporalServerOptions {
  readonly config: TemporalConfig;
  /** The ports of a server that we start. */
  readonly ports: DevServerPorts;
  /** The codec server for the Web UI of a server that we start. @default none */
  readonly codecEndpoint?: string | undefined;
  readonly report: (line: string) => void;
}

/** Connects to `TEMPORAL_ADDRESS` if it is set. Otherwise starts a dev server, in memory, with a Web UI. */
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
