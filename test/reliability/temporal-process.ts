import { join } from 'node:path';
import { type ChildServer, startChildServer } from '../../dev-stack/child-server.js';
import { findTemporalCli } from '../../dev-stack/temporal-binaries.js';
import { freePort } from '../../dev-stack/temporal-server.js';

/** A dev server with its database in a file, as a process that can be killed. */
export interface TemporalProcess {
  readonly address: string;
  stop(signal: NodeJS.Signals): Promise<void>;
  /** Goes on with the same database, on the same port. */
  start(): Promise<void>;
}

export async function startTemporalProcess(folder: string): Promise<TemporalProcess> {
  const command = await findTemporalCli(console.error);
  const port = await freePort();
  let server: ChildServer;
  const start = async () => {
    server = await startChildServer({
      name: 'Temporal dev server',
      command,
      // The port that is looked at is that of its HTTP API: the other speaks gRPC.
      args: (httpPort) => [
        ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--log-level', 'error'],
        ...['--port', String(port), '--http-port', String(httpPort)],
        ...['--db-filename', join(folder, 'temporal.db')],
      ],
      env: process.env,
      healthPath: '/api/v1/namespaces/default',
    });
  };
  await start();
  return { address: `127.0.0.1:${port}`, start, stop: (signal) => server.stop(signal) };
}
