import { type ChildServer, startChildServer } from './child-server.js';
import { freePort } from './free-port.js';
import { findTemporalCli } from './temporal-binaries.js';

export interface StartDevServerOptions {
  /** Called with a line for each download. */
  readonly report: (line: string) => void;
  /** The gRPC port. @default a free one */
  readonly port?: number;
  /** The Web UI's port. @default no Web UI */
  readonly uiPort?: number | undefined;
  /** The codec server that the Web UI uses. @default none */
  readonly codecEndpoint?: string | undefined;
  /** The port for Prometheus metrics. @default a free port */
  readonly metricsPort?: number | undefined;
  /** The file of its database. @default in memory */
  readonly dbFilename?: string | undefined;
  /** Dynamic configuration, as `key=value`. @default the server's own */
  readonly dynamicConfig?: readonly string[] | undefined;
}

/** A Temporal dev server on 127.0.0.1. Its process ends with this one. */
export interface DevServer {
  readonly address: string;
  /** Stops it and waits until it is gone; see {@link ChildServer.stop}. */
  readonly stop: ChildServer['stop'];
}

/** Starts the dev server of the Temporal CLI and waits until its namespace `default` exists. */
export async function launchDevServer(options: StartDevServerOptions): Promise<DevServer> {
  const { report, uiPort, codecEndpoint, metricsPort, dbFilename, dynamicConfig = [] } = options;
  const command = await findTemporalCli(report);
  const port = options.port ?? (await freePort());
  const server = await startChildServer({
    name: 'Temporal dev server',
    command,
    // The health check uses the port of the HTTP API, because the other port speaks gRPC.
    args: (httpPort) => [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'error', '--output', 'none'],
      ...['--port', String(port), '--http-port', String(httpPort)],
      ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
      ...(codecEndpoint === undefined ? [] : ['--ui-codec-endpoint', codecEndpoint]),
      ...(metricsPort === undefined ? [] : ['--metrics-port', String(metricsPort)]),
      ...(dbFilename === undefined ? [] : ['--db-filename', dbFilename]),
      ...dynamicConfig.flatMap((setting) => ['--dynamic-config-value', setting]),
    ],
    env: process.env,
    healthPath: '/api/v1/namespaces/default',
  });
  return { address: `127.0.0.1:${port}`, stop: (signal) => server.stop(signal) };
}
