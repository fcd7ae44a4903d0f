import { AxiosError } from 'axios';
import { boundBrokenBy } from '../../contract/json-text.js';
import { withDeadline } from './deadline.js';
import { NotSentError, type Transport } from './transport.js';
import { whyGivenUp } from './why-given-up.js';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** The path below the base URL, each segment already encoded. */
  readonly path: string;
  readonly query?: Record<string, string | number | boolean>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** The share of the remaining time that this request may take, to leave time for later ones. @default 1 */
  readonly share?: number;
}

/** The server's answer, with any status. */
export interface HttpAnswer {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The parsed body; `undefined` if it is not JSON. */
  readonly json: unknown;
}

/** Thrown when no answer came: refused, reset, unresolved, timed out, cut off, or too large to read. */
export class NoAnswerError extends Error {
  override readonly name: string = 'NoAnswerError';
  constructor(
    readonly method: string,
    readonly url: string,
    /** In plain words, for example `connection refused`. */
    readonly reason: string,
    /** Whether the server was reachable but did not answer in time. */
    readonly isLate = false,
  ) {
    super(`${method} ${url}: ${reason}`);
  }
}

/** Thrown when an answer is too large to read or to parse. A smaller page may work. */
export class AnswerTooLargeError extends NoAnswerError {
  override readonly name = 'AnswerTooLargeError';
}

/**
 * Bounds of an answer that is parsed. A page of a hundred events has about ten thousand values; a hundred
 * times as many cost about 50 MB. No event is nested this deep.
 */
const jsonBounds = { levels: 200, values: 500_000 };

export interface HttpClientOptions {
  readonly transport: Transport;
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly sessionApiKey?: string | null | undefined;
  /** The deadline of a whole request, including its body, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether all requests of this client share one deadline. @default false */
  readonly sharedDeadline?: boolean;
  /** A shorter deadline for reads, in milliseconds. @default timeoutMs */
  readonly readTimeoutMs?: number;
  /** Aborts reads in flight. Writes are awaited, so that a cleanup never overtakes one. */
  readonly signal: AbortSignal;
}

/** One nested server over HTTP. It never retries an answered request: Temporal does that. */
export class HttpClient {
  readonly baseUrl: string;
  readonly #transport: Transport;
  /** When the shared deadline passes. Set by the first request. */
  #endsAt: number | undefined;

  constructor(private readonly options: HttpClientOptions) {
    this.baseUrl = options.baseUrl;
    this.#transport = options.transport;
  }

  /** Whether less than half of the shared deadline is left, so that other requests may need the rest. */
  get isShortOfTime(): boolean {
    return this.#endsAt !== undefined && this.#endsAt - performance.now() < this.options.timeoutMs / 2;
  }

  /**
   * Resolves with the answer, whatever its status.
   *
   * @throws {@link NoAnswerError}, {@link AnswerTooLargeError}, {@link NotSentError}, or the reason of the aborted `signal`
   */
  async send({ method, path, query, body, share = 1 }: HttpRequest): Promise<HttpAnswer> {
    const { baseUrl, sessionApiKey, signal } = this.options;
    const isRead = method === 'GET';
    const url = baseUrl + path;
    const deadline = this.#deadlineOf(isRead, share);
    signal.throwIfAborted();
    return withDeadline(deadline.ms, isRead ? signal : undefined, async (givenUp) => {
      try {
        const { status, headers, data } = await this.#transport({
          method,
          url,
          params: query,
          data: body,
          headers: { Accept: 'application/json', ...(sessionApiKey && { 'X-Session-API-Key': sessionApiKey }) },
          signal: givenUp,
        });
        const broken = boundBrokenBy(data, jsonBounds);
        if (broken)
          throw new AnswerTooLargeError(method, url, `an answer of more than ${jsonBounds[broken]} ${broken}`);
        return { method, url, status, headers: { ...headers }, text: data, json: parseJson(data) };
      } catch (error) {
        if (error instanceof NotSentError || error instanceof NoAnswerError) throw error;
        const why = whyGivenUp({ signal: givenUp });
        if (why === 'timeout') throw new NoAnswerError(method, url, `no answer ${deadline.within}`, true);
        signal.throwIfAborted();
        throw noAnswer(method, url, error);
      }
    });
  }

  /**
   * Each request has its own deadline, even if it shares one, so that the error names the request that was late. axios'
   * own timeout is not used: it starts again with every byte, so a slow drip would block a readiness check forever.
   */
  #deadlineOf(isRead: boolean, share: number): { ms: number; within: string } {
    const { timeoutMs, readTimeoutMs = Number.POSITIVE_INFINITY, sharedDeadline } = this.options;
    const wholeMs = isRead ? Math.min(timeoutMs, readTimeoutMs) : timeoutMs;
    const now = performance.now();
    if (sharedDeadline) this.#endsAt ??= now + timeoutMs;
    const leftMs = this.#endsAt === undefined ? wholeMs : Math.ceil(this.#endsAt - now);
    const ms = Math.max(Math.ceil(Math.min(wholeMs, leftMs) * share), 0);
    if (leftMs >= wholeMs) return { ms, within: `within ${ms} ms` };
    const ofAll = `of the ${timeoutMs} ms`;
    const within =
      leftMs > 0
        ? `within ${ms} ms: earlier requests left ${leftMs} ${ofAll}`
        : `in time: earlier requests took all ${ofAll}`;
    return { ms, within };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const untrusted =
  "its certificate is signed by a CA that the worker does not trust: name the CA's file in NODE_EXTRA_CA_CERTS";

const reasons: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name could not be looked up',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  EPROTO: 'TLS handshake failed: is apiUrl https where the server speaks http?',
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
};

function noAnswer(method: string, url: string, error: unknown): NoAnswerError {
  const { message } = error as Error;
  const [, maximumBytes] = /^maxContentLength size of (\d+) exceeded/.exec(message) ?? [];
  if (maximumBytes) return new AnswerTooLargeError(method, url, `an answer of more than ${maximumBytes} bytes`);
  return new NoAnswerError(method, url, reasonOf(error));
}

function reasonOf(error: unknown): string {
  const { code = '', message = '' } = error instanceof Error ? (error as AxiosError) : {};
  if (code === AxiosError.ERR_BAD_RESPONSE) return 'connection cut off within the answer';
  // Other errors are described by Node or OpenSSL: a refused certificate, a corrupt gzip body.
  return [reasons[code] ?? message.slice(0, 200), code && `(${code})`].filter(Boolean).join(' ');
}
