import { join } from 'node:path';
import { type DevServer, launchDevServer } from '../../dev-stack/dev-server.js';
import { freePort } from '../../dev-stack/free-port.js';

/** A dev server with a database file, in a process that can be killed. */
export interface TemporalProcess {
  readonly address: string;
  stop(signal: NodeJS.Signals): Promise<void>;
  /** Starts again with the same database on the same port. */
  start(): Promise<void>;
}

export async function startTemporalProcess(folder: string): Promise<TemporalProcess> {
  const port = await freePort();
  let server: DevServer;
  const start = async () => {
    server = await launchDevServer({ report: console.error, port, dbFilename: join(folder, 'temporal.db') });
  };
  await start();
  return { address: `127.0.0.1:${port}`, start, stop: (signal) => server.stop(signal) };
}
