import { once } from 'node:events';
import { connect, constants, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { serve, usage } from './process.js';

const functions = {
  /** Listens before a Temporal server and allows a connection this many calls at a time. Returns its address. */
  async listen({ address, streams }: { address: string; streams: number }): Promise<string> {
    const server = createServer({ settings: { maxConcurrentStreams: streams } });
    server.on('session', (session) => {
      const upstream = connect(`http://${address}`);
      upstream.on('error', () => session.destroy());
      session.once('close', () => upstream.destroy());
      session.on('stream', (stream, headers) => forward(stream, upstream.request(headers)));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  },

  ...usage,
};

export type ThrottlingProxy = typeof functions;

/** A gRPC call: a body each way, and the status in the trailers. */
function forward(caller: ServerHttp2Stream, called: ReturnType<ReturnType<typeof connect>['request']>): void {
  let trailers: IncomingHttpHeaders = {};
  called.on('response', (headers, flags) => {
    // A call that failed at once has its status in the headers, and neither body nor trailers.
    const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    caller.respond(headers, { endStream, waitForTrailers: !endStream });
    if (!endStream) called.pipe(caller);
  });
  called.on('trailers', (received) => {
    trailers = received;
  });
  caller.on('wantTrailers', () => caller.sendTrailers(trailers));
  for (const [one, other] of [
    [caller, called],
    [called, caller],
  ] as const) {
    one.on('error', () => other.close());
    one.on('aborted', () => other.close());
  }
  caller.pipe(called);
}

serve(functions);
