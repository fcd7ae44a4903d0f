import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

/** A connection between a worker and Temporal. It can be cut, and can hold the calls of one method. */
export interface TemporalLine {
  readonly address: string;
  /** Closes every connection and refuses new ones until {@link restore}. Held calls are lost. Can be called twice. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /**
   * Holds the calls of this gRPC method, for example `RespondActivityTaskCompleted`. Resolves at the first such call.
   */
  hold(method: string): Promise<void>;
  /** Releases the held calls whose connection is still open. */
  release(): void;
}

/** Listens on a free port of 127.0.0.1 and forwards every gRPC call to the Temporal server at `target`. */
export async function startTemporalLine(target: string): Promise<TemporalLine> {
  const server = createServer();
  const sessions = new Map<ServerHttp2Session, ClientHttp2Session>();
  const held: (() => void)[] = [];
  let isHeld = (_path: string): boolean => false;
  let noteHeld = () => {};

  server.on('session', (session) => {
    const upstream = connect(`http://${target}`);
    sessions.set(session, upstream);
    for (const [end, other] of [
      [session, upstream],
      [upstream, session],
    ] as const) {
      // The `close` event follows.
      end.on('error', () => {});
      end.on('close', () => {
        sessions.delete(session);
        other.destroy();
      });
    }
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    const goOn = () => forward(stream, headers, sessions.get(stream.session as ServerHttp2Session));
    if (!isHeld(headers[':path'] ?? '')) return goOn();
    held.push(goOn);
    noteHeld();
  });

  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  return {
    address: `127.0.0.1:${port}`,
    async cut() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const session of sessions.keys()) session.destroy();
      await closed;
    },
    async restore() {
      await listen(port);
    },
    hold(method) {
      isHeld = (path) => path.endsWith(`/${method}`);
      return new Promise((resolve) => {
        noteHeld = resolve;
      });
    },
    release() {
      isHeld = () => false;
      for (const goOn of held.splice(0)) goOn();
    },
  };
}

function forward(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, upstream?: ClientHttp2Session): void {
  if (stream.destroyed) return;
  if (!upstream || upstream.closed) {
    // Temporal is shutting down. The worker must try again on another connection.
    stream.close(constants.NGHTTP2_REFUSED_STREAM);
    return;
  }
  const call = upstream.request(headers);
  let trailers: IncomingHttpHeaders = {};
  call.on('response', (answer, flags) => {
    const isAll = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(answer, isAll ? { endStream: true } : { waitForTrailers: true });
    if (!isAll) call.pipe(stream);
  });
  call.on('trailers', (last) => {
    trailers = last;
  });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  // When one side ends, so does the other: an abandoned poll must not receive a task.
  call.on('error', () => stream.close(constants.NGHTTP2_CANCEL));
  stream.on('close', () => call.close(constants.NGHTTP2_CANCEL));
  stream.pipe(call);
}
