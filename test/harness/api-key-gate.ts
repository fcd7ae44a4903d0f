import { once } from 'node:events';
import { connect, constants, createServer, type IncomingHttpHeaders, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';

export interface ApiKeyGateOptions {
  /** The port of a gRPC server on 127.0.0.1 without TLS. */
  readonly targetPort: number;
  readonly apiKey: string;
  /** @default a free one */
  readonly port?: number;
}

export interface ApiKeyGate {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1 without TLS. Like Temporal Cloud, it forwards only gRPC calls that carry the key. */
export async function startApiKeyGate({ targetPort, apiKey, port = 0 }: ApiKeyGateOptions): Promise<ApiKeyGate> {
  const target = connect(`http://127.0.0.1:${targetPort}`);
  const open = new Set<ServerHttp2Session>();
  const server = createServer()
    .on('session', (session) => {
      open.add(session);
      session.on('close', () => open.delete(session));
    })
    .on('stream', (incoming, headers) => {
      if (headers.authorization !== `Bearer ${apiKey}`) {
        incoming.respond(unauthenticated, { endStream: true });
        return;
      }
      const outgoing = target.request(headers);
      let trailers: IncomingHttpHeaders = {};
      outgoing
        .on('response', (answer, flags) => {
          // A call that fails at once is answered by headers only.
          const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
          incoming.respond(answer, { endStream, waitForTrailers: !endStream });
          outgoing.pipe(incoming);
        })
        .on('trailers', (received) => {
          trailers = received;
        })
        .on('error', () => incoming.close(constants.NGHTTP2_INTERNAL_ERROR));
      incoming
        .on('wantTrailers', () => incoming.sendTrailers(trailers))
        // The client is gone. A long poll ends on both sides.
        .on('close', () => outgoing.close(constants.NGHTTP2_CANCEL))
        .on('error', () => undefined)
        .pipe(outgoing);
    })
    .listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      // Before the sessions: a client with a destroyed session reconnects at once.
      server.close();
      for (const session of open) session.destroy();
      target.destroy();
      await closed;
    },
  };
}

const unauthenticated = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-status': '16',
  'grpc-message': 'Request unauthorized.',
};
