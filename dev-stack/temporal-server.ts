import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { TemporalConfig } from '../config/temporal.js';
import { findTemporalCli } from './temporal-binaries.js';

/** Where a dev server and its Web UI are usually found. */
const defaultPort = 7233;
const defaultUiPort = 8233;

/** A Temporal server to try things on. */
export interface TemporalServer {
  readonly env: TestWorkflowEnvironment;
  readonly namespace: string;
  /** Base URL of its Web UI; absent for a server that is not ours. */
  readonly webUiUrl?: string;
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
    });
    return { env, namespace };
  }
  const path = await findTemporalCli(report);
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      port,
      ui: true,
      uiPort,
      log: { format: 'pretty', level: 'error' },
      // No banner of its own between our lines.
      extraArgs: ['--output', 'none', ...(codecEndpoint ? ['--ui-codec-endpoint', codecEndpoint] : [])],
    },
    client: { dataConverter },
  });
  return { env, namespace: 'default', webUiUrl: `http://localhost:${uiPort}` };
}

/** A port that nobody listens on; `port` itself, or any. Rejects where it is taken. */
export async function freePort(port = 0): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: found } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return found;
}

function isFree(port: number): Promise<boolean> {
  return freePort(port).then(
    () => true,
    () => false,
  );
}
