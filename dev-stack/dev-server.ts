import { type ChildServer, startChildServer } from './child-server.js';
import { freePort } from './free-port.js';
import { findTemporalCli } from './temporal-binaries.js';

export interface StartDevServerOptions {
  /** Takes a line for each download. */
  readonly report: (line: string) => void;
  /** Where it speaks gRPC. @default a free one */
  readonly port?: number;
  /** Where it serves its Web UI. @default no Web UI */
  readonly uiPort?: number | undefined;
  /** Where its Web UI has payloads decoded. @default nowhere */
  readonly codecEndpoint?: string | undefined;
  /** Where it serves its metrics, as Prometheus reads them. @default a free port */
  readonly metricsPort?: number | undefined;
  /** Where it keeps its database. @default in memory */
  readonly dbFilename?: string | undefined;
}

/** A Temporal dev server on 127.0.0.1, as a process that ends with this one. */
export interface DevServer {
  readonly address: string;
  /** Ends it and waits for that; see {@link ChildServer.stop}. */
  readonly stop: ChildServer['stop'];
}

/** Starts the dev server of the Temporal CLI, and waits until it has its namespace `default`. */
export async function launchDevServer(options: StartDevServerOptions): Promise<DevServer> {
  const { report, uiPort, codecEndpoint, metricsPort, dbFilename } = options;
  const command = await findTemporalCli(report);
  const port = options.port ?? (await freePort());
  const server = await startChildServer({
    name: 'Temporal dev server',
    command,
    // The port that is checked is that of its HTTP API: the other one speaks gRPC.
    args: (httpPort) => [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'error', '--output', 'none'],
      ...['--port', String(port), '--http-port', String(httpPort)],
      ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
      ...(codecEndpoint === undefined ? [] : ['--ui-codec-endpoint', codecEndpoint]),
      ...(metricsPort === undefined ? [] : ['--metrics-port', String(metricsPort)]),
      ...(dbFilename === undefined ? [] : ['--db-filename', dbFilename]),
    ],
    env: process.env,
    healthPath: '/api/v1/namespaces/default',
  });
  return { address: `127.0.0.1:${port}`, stop: (signal) => server.stop(signal) };
}
