import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** An answer with a status and a body. */
export interface SentAnswer {
  status: number;
  headers?: OutgoingHttpHeaders;
  body: string | Buffer;
  /**
   * The server closes the connection without having sent `Connection: close`, like uvicorn after an exception. The next
   * request on this connection is reset and never processed.
   * @default false
   */
  closesLine?: boolean;
}

/**
 * What a stand-in does with one request. `'cut'` closes the connection without an answer, `'silence'` leaves it open
 * without one.
 */
export type Answer = SentAnswer | 'cut' | 'silence';

/**
 * What goes wrong with a request. By default, a fault strikes before the server has processed the request. With
 * `process: true`, the server processes it first: a POST is accepted, and only its answer is lost.
 */
export type Fault =
  /** The connection is reset without a byte of an answer. */
  | { kind: 'refuse' }
  /** The request is processed, then the connection is reset without a byte of an answer. */
  | { kind: 'lose-answer' }
  /** The connection is reset within the response's headers. */
  | { kind: 'reset-headers'; process?: boolean }
  /** The request is processed; the connection is reset in the middle of the true body. */
  | { kind: 'reset-body' }
  /** No answer ever: it ends when the client gives up or the server closes. */
  | { kind: 'black-hole'; process?: boolean }
  /** The request is processed; its true body arrives one byte every `everyMs` milliseconds. */
  | { kind: 'drip'; everyMs: number }
  /**
   * Another answer instead of the true one: any status, HTML, an empty or truncated body, a redirect, a Retry-After.
   */
  | {
      kind: 'answer';
      status: number;
      headers?: OutgoingHttpHeaders;
      body?: string | Buffer;
      closesLine?: boolean;
      process?: boolean;
    }
  /** 200 with a JSON string of about `bytes` bytes. */
  | { kind: 'huge-body'; bytes: number }
  /** 200 with a gzip-encoded JSON string of about `bytes` bytes: a few KB on the wire. */
  | { kind: 'gzip-bomb'; bytes: number }
  /**
   * The request waits for {@link InjectedFault.release} and then gets the true answer. A server does not notice that
   * its client is gone, so an abandoned request is also processed on release.
   */
  | { kind: 'delay-until'; process?: boolean };

/** Which requests meet the fault. */
export interface Injection {
  /** @default any method */
  method?: string;
  /** A string is the exact path without its query. A RegExp is matched against path and query. */
  path: string | RegExp;
  /** How many matching requests meet the fault. @default 1 */
  times?: number;
  /** How many matching requests pass first. @default 0 */
  after?: number;
  /** Called just before the server handles a request that meets the fault, for example to restart the server. */
  before?: () => void;
  /** @default none: the request gets the true answer */
  fault?: Fault;
}

/** The test's handle of an injected fault. */
export class InjectedFault {
  /** Resolves once a request has met the fault. */
  readonly reached: Promise<void>;
  /** How many requests have met the fault. */
  hits = 0;
  readonly released: Promise<void>;
  /** Releases every request that a `delay-until` holds or will hold. */
  release!: () => void;
  #toPass: number;
  #toHit: number;
  #noteReached!: () => void;

  constructor(readonly injection: Injection) {
    this.#toPass = injection.after ?? 0;
    this.#toHit = injection.times ?? 1;
    this.reached = new Promise((resolve) => {
      this.#noteReached = resolve;
    });
    this.released = new Promise((resolve) => {
      this.release = resolve;
    });
  }

  /** From now on, requests pass. Held requests stay held. */
  remove(): void {
    this.#toHit = 0;
  }

  /** Whether this request meets the fault. Counts it if so. */
  strikes(method: string, pathname: string, pathWithQuery: string): boolean {
    const { method: wantedMethod, path } = this.injection;
    if (this.#toHit === 0 || (wantedMethod !== undefined && wantedMethod !== method)) return false;
    if (typeof path === 'string' ? path !== pathname : !path.test(pathWithQuery)) return false;
    if (this.#toPass > 0) {
      this.#toPass -= 1;
      return false;
    }
    this.#toHit -= 1;
    this.hits += 1;
    this.#noteReached();
    return true;
  }
}

const closedInSilence = new WeakSet<Socket>();

/** Whether the server has closed this connection without announcing it in an answer. */
export function isClosedInSilence(socket: Socket): boolean {
  return closedInSilence.has(socket);
}

/** Writes an answer like uvicorn: with its length, on a connection that is kept alive. */
export function send(response: ServerResponse, answer: Answer): void {
  if (response.destroyed || answer === 'silence') return;
  if (answer === 'cut') {
    response.socket?.destroy();
    return;
  }
  if (answer.closesLine && response.socket) closedInSilence.add(response.socket);
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(answer.body),
    ...answer.headers,
  });
  response.end(answer.body);
}

/** Answers one request as an injected fault says. `process` makes the true answer, with its effects. */
export async function misbehave(
  response: ServerResponse,
  injected: InjectedFault,
  process: () => Answer,
): Promise<void> {
  const { before, fault } = injected.injection;
  before?.();
  if (!fault) return send(response, process());
  if ('process' in fault && fault.process && fault.kind !== 'delay-until') process();
  switch (fault.kind) {
    case 'refuse':
      return reset(response);
    case 'lose-answer':
      process();
      return reset(response);
    case 'reset-headers':
      response.socket?.write('HTTP/1.1 200 OK\r\ncontent-type: applica', () => reset(response));
      return;
    case 'reset-body':
      return cutBody(response, process());
    case 'black-hole':
      return;
    case 'drip':
      return drip(response, process(), fault.everyMs);
    case 'answer':
      return send(response, {
        status: fault.status,
        headers: fault.headers ?? {},
        body: fault.body ?? '',
        closesLine: fault.closesLine ?? false,
      });
    case 'huge-body':
      response.writeHead(200, { 'content-type': 'application/json' });
      return pour(jsonString(fault.bytes), response);
    case 'gzip-bomb':
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      return pour(jsonString(fault.bytes), response, createGzip());
    case 'delay-until': {
      const early = fault.process ? process() : undefined;
      await injected.released;
      return send(response, early ?? process());
    }
  }
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

function cutBody(response: ServerResponse, answer: Answer): void {
  if (typeof answer === 'string') {
    send(response, answer);
    return;
  }
  const body = writeHeadersOf(response, answer);
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => reset(response));
}

function drip(response: ServerResponse, answer: Answer, everyMs: number): void {
  if (typeof answer === 'string') {
    send(response, answer);
    return;
  }
  const body = writeHeadersOf(response, answer);
  let sent = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(sent, sent + 1));
    sent += 1;
    if (sent === body.length) response.end();
  }, everyMs);
  response.once('close', () => clearInterval(timer));
}

function writeHeadersOf(response: ServerResponse, answer: SentAnswer): Buffer {
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': body.length,
    ...answer.headers,
  });
  response.flushHeaders();
  return body;
}

function* jsonString(bytes: number): Generator<Buffer> {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  yield Buffer.from('"');
  for (let left = bytes; left > 0; left -= chunk.length) yield chunk.subarray(0, left);
  yield Buffer.from('"');
}

async function pour(
  chunks: Iterable<Buffer>,
  response: ServerResponse,
  through?: ReturnType<typeof createGzip>,
): Promise<void> {
  const source = Readable.from(chunks);
  try {
    await (through ? pipeline(source, through, response) : pipeline(source, response));
  } catch (error) {
    // These faults make a client stop reading.
    if (!response.destroyed) throw error;
  }
}
