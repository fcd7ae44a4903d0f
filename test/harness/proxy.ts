import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RequestPattern {
  readonly method: string;
  readonly path: string;
}

/** A proxy in front of a real server that can cut the connection at the worst moment. */
export interface LineProxy {
  readonly url: string;
  /** The number of forwarded requests for a method and path. */
  count(pattern: RequestPattern): number;
  /** The server answers the next such request, but the connection is cut before the answer. Resolves after the cut. */
  loseAnswer(pattern: RequestPattern): Promise<void>;
  /** The same, but the connection stays open without an answer. */
  withholdAnswer(pattern: RequestPattern): Promise<void>;
  /** The next such request is answered, and all later ones wait for {@link restore}. Resolves once it is answered. */
  holdAfter(pattern: RequestPattern): Promise<void>;
  /** From now on, every request is cut off before it reaches the server. */
  interrupt(): void;
  restore(): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and forwards everything to `target`, a base URL. */
export async function startProxy({ target }: { target: string }): Promise<LineProxy> {
  const counts = new Map<string, number>();
  const traps = new Map<string, (answer: IncomingMessage, outgoing: ServerResponse) => void>();
  let interrupted = false;
  let held: (() => void)[] | undefined;
  const keyOf = ({ method, path }: RequestPattern) => `${method} ${path}`;

  const pass = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (interrupted) {
      outgoing.destroy();
      return;
    }
    if (held) {
      // A request whose client is gone is not forwarded.
      held.push(() => outgoing.destroyed || pass(incoming, outgoing));
      return;
    }
    const { method = 'GET', url = '/', headers } = incoming;
    const key = keyOf({ method, path: new URL(url, target).pathname });
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const upstream = request(new URL(url, target), { method, headers });
    upstream.on('error', () => outgoing.destroy());
    upstream.on('response', (answer) => {
      const trap = traps.get(key) ?? forward;
      traps.delete(key);
      trap(answer, outgoing);
    });
    incoming.pipe(upstream);
  };

  /** The next such request gets this instead of the server's answer, once the server has answered. */
  const trapNext = (pattern: RequestPattern, end: (outgoing: ServerResponse) => void) =>
    new Promise<void>((resolve) =>
      traps.set(keyOf(pattern), (answer, outgoing) =>
        answer.resume().on('end', () => {
          end(outgoing);
          resolve();
        }),
      ),
    );

  const server = createServer(pass).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: (pattern) => counts.get(keyOf(pattern)) ?? 0,
    loseAnswer: (pattern) => trapNext(pattern, (outgoing) => outgoing.destroy()),
    withholdAnswer: (pattern) => trapNext(pattern, () => undefined),
    holdAfter: (pattern) =>
      new Promise((resolve) =>
        traps.set(keyOf(pattern), (answer, outgoing) => {
          held = [];
          forward(answer, outgoing);
          outgoing.on('finish', resolve);
        }),
      ),
    interrupt() {
      interrupted = true;
    },
    restore() {
      interrupted = false;
      const waiting = held ?? [];
      held = undefined;
      for (const go of waiting) go();
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function forward(answer: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  answer.pipe(outgoing);
}
