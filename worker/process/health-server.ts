import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { ConfigError } from '../../config/config-error.js';
import type { Endpoint } from '../../config/worker.js';

/** Returns why the worker does not take work; `undefined` if it does. */
export type NotReady = () => Promise<string | undefined>;

/**
 * Listens for probes:
 *
 * - `GET /healthz` answers 200 while the process can answer. It does not depend on Temporal, since a restart would not
 *   bring Temporal back.
 * - `GET /readyz` answers 200 while the worker polls for work, otherwise 503 with the reason.
 *
 * @throws {@link ConfigError} if it can't listen
 */
export async function startHealthServer({ host, port }: Endpoint, notReady: NotReady): Promise<Server> {
  const server = createServer(async ({ url }, response) => {
    const say = (status: number, text: string) =>
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
    switch (url) {
      case '/healthz':
        return say(200, 'alive');
      case '/readyz': {
        const reason = await notReady();
        return reason === undefined ? say(200, 'ready') : say(503, reason);
      }
      default:
        return say(404, 'use /healthz or /readyz');
    }
  });
  try {
    await once(server.listen(port, host), 'listening');
  } catch (error) {
    throw new ConfigError(`can't listen for probes (WORKER_HTTP_HOST, WORKER_HTTP_PORT): ${(error as Error).message}`);
  }
  return server;
}
