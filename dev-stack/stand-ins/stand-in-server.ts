import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import {
  type Answer,
  InjectedFault,
  type Injection,
  isClosedInSilence,
  misbehave,
  type SentAnswer,
  send,
} from './faults.js';

/** One request as the server received it. */
export interface RecordedRequest {
  method: string;
  /** The path with its query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** The parsed JSON body. The text if it is not JSON, undefined if there is none. */
  body: unknown;
  /** The time of its last byte, in milliseconds since the epoch. */
  at: number;
}

/** The parts of a request that a dialect reads. */
export interface Exchange {
  method: string;
  /** The segments of the decoded path. As in uvicorn, an encoded slash separates segments, too. */
  segments: string[];
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: unknown;
  /** False if there is a body that is not JSON. */
  bodyIsJson: boolean;
}

const JOURNAL_LIMIT = 10_000;

/** The uptime of the first process. Each later process starts 20 s after the one before, like real ones. */
const FIRST_UPTIME_SECONDS = 100_000;
const SECONDS_BETWEEN_BOOTS = 20;

/** A real HTTP server that records its requests and fails where a test tells it to. */
export abstract class StandInServer {
  /** The last 10,000 requests, oldest first, including those that met a fault. */
  readonly requests: RecordedRequest[] = [];
  readonly #server = createServer((request, response) => void this.#receive(request, response));
  readonly #faults: InjectedFault[] = [];
  readonly #counts = new Map<string, number>();
  readonly #sockets: Socket[] = [];
  readonly #listeningSince = Date.now();
  #reboots = 0;
  readonly #waiting: { key: string; times: number; resolve: () => void }[] = [];
  #port = 0;

  protected constructor() {
    // A kept-alive connection must not be closed while a client is about to use it again.
    this.#server.keepAliveTimeout = 0;
    this.#server.requestTimeout = 0;
    this.#server.on('connection', (socket) => this.#sockets.push(socket));
  }

  /** The number of requests received. */
  get requestCount(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The number of connections opened to it. */
  get connections(): number {
    return this.#sockets.length;
  }

  /** The number of bytes sent, including headers. */
  get bytesSent(): number {
    return this.#sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
  }

  /** The base URL, without a trailing slash. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  protected abstract answer(exchange: Exchange): Answer;

  /** A new process takes over. */
  protected reboot(): void {
    this.#reboots += 1;
  }

  /** The process's uptime in seconds. */
  protected get uptime(): number {
    const listening = (Date.now() - this.#listeningSince) / 1000;
    return FIRST_UPTIME_SECONDS + listening - this.#reboots * SECONDS_BETWEEN_BOOTS;
  }

  /** The number of requests for a method and a path without query, for example `POST /api/conversations`. */
  count(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Resolves once `times` requests for a method and path (as for {@link count}) were received. */
  received(key: string, times = 1): Promise<void> {
    if (this.count(key) >= times) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ key, times, resolve }));
  }

  /**
   * Injects a fault. Faults are tried in the order of their injection, and a request meets the first one that matches.
   */
  inject(injection: Injection): InjectedFault {
    const injected = new InjectedFault(injection);
    this.#faults.push(injected);
    return injected;
  }

  /** Refuses connections until {@link up}. Open ones are cut. */
  async down(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
    // Lets clients in this process notice that their kept-alive connections are closed.
    await setImmediate();
    await setImmediate();
  }

  /** Listens on the given port, by default on the one before {@link down}, and at first on a free one. */
  async up(port = this.#port): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Closes all connections and the server. Can be called twice, or when the server is down. */
  async close(): Promise<void> {
    if (this.#server.listening) await this.down();
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    if (isClosedInSilence(socket)) {
      socket.resetAndDestroy();
      return;
    }
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return;
    }
    const method = request.method ?? '';
    const path = request.url ?? '';
    const { pathname, searchParams } = new URL(path, 'http://stand-in');
    const { body, bodyIsJson } = parseBody(Buffer.concat(chunks).toString());
    this.#record({ method, path, headers: request.headers, body, at: Date.now() }, `${method} ${pathname}`);

    const segments = decodeURIComponent(pathname).slice(1).split('/');
    const process = () =>
      this.answer({ method, segments, query: searchParams, headers: request.headers, body, bodyIsJson });
    const fault = this.#faults.find((candidate) => candidate.strikes(method, pathname, path));
    if (fault) await misbehave(response, fault, process);
    else send(response, process());
  }

  #record(request: RecordedRequest, key: string): void {
    if (this.requests.length === JOURNAL_LIMIT) this.requests.shift();
    this.requests.push(request);
    const count = this.count(key) + 1;
    this.#counts.set(key, count);
    for (const waiting of this.#waiting) if (waiting.key === key && waiting.times <= count) waiting.resolve();
  }
}

function parseBody(text: string): { body: unknown; bodyIsJson: boolean } {
  if (text === '') return { body: undefined, bodyIsJson: true };
  try {
    return { body: JSON.parse(text), bodyIsJson: true };
  } catch {
    return { body: text, bodyIsJson: false };
  }
}

/** An answer with a JSON body. */
export function json(status: number, value: unknown): SentAnswer {
  return { status, body: JSON.stringify(value) };
}

/** Starlette's answer when a handler throws. */
export const internalServerError: SentAnswer = {
  status: 500,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: 'Internal Server Error',
};
