import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

/** A proxy for HTTP_PROXY and HTTPS_PROXY. */
export interface ForwardProxy {
  readonly url: string;
  /** The requests it received, for example `GET http://localhost:3000/health` or `CONNECT localhost:3000`. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function startForwardProxy(): Promise<ForwardProxy> {
  const requests: string[] = [];
  const tunnels = new Set<Socket>();
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    requests.push(`${method} ${url}`);
    const upstream = request(url, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    upstream.on('error', () => outgoing.destroy());
    incoming.pipe(upstream);
  });
  server.on('connect', ({ url = '' }, incoming: Socket) => {
    requests.push(`CONNECT ${url}`);
    const { hostname, port } = new URL(`http://${url}`);
    const upstream = connect(Number(port), hostname, () =>
      incoming.write('HTTP/1.1 200 Connection established\r\n\r\n'),
    );
    tunnels.add(incoming);
    pipeline(incoming, upstream, incoming, () => tunnels.delete(incoming));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      for (const tunnel of tunnels) tunnel.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
