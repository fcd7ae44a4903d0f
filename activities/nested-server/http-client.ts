import { AxiosError } from 'axios';
import { maximumAnswerBytes, NotSentError, type Transport } from './transport.js';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Path below the base URL, each segment already encoded. */
  readonly path: string;
  readonly query?: Record<string, string | number | boolean>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** Whatever the server answered, with any status. */
export interface HttpAnswer {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The parsed body; `undefined` where it is not JSON. */
  readonly json: unknown;
}

/** Thrown when no answer came: refused, reset, unresolved, timed out, cut off, or too large to read. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
  constructor(
    readonly method: string,
    readonly url: string,
    /** In plain words, e.g. `connection refused`. */
    readonly reason: string,
  ) {
    super(`${method} ${url}: ${reason}`);
  }
}

export interface HttpClientOptions {
  readonly transport: Transport;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly sessionApiKey?: string | null | undefined;
  /** Deadline of a whole request, its body included, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether the deadline is that of all requests of this client together. @default false */
  readonly sharedDeadline?: boolean;
  /** A tighter deadline for reads, in milliseconds. @default timeoutMs */
  readonly readTimeoutMs?: number;
  /** Aborts reads in flight. A write is waited for, so that whoever cleans up afterwards never overtakes it. */
  readonly signal: AbortSignal;
}

/** One nested server over HTTP. It never retries: that is Temporal's part. */
export class HttpClient {
  readonly #sharedDeadline: AbortSignal | undefined;

  constructor(private readonly options: HttpClientOptions) {
    if (options.sharedDeadline) this.#sharedDeadline = AbortSignal.timeout(options.timeoutMs);
  }

  /**
   * The answer, whatever its status. Throws {@link NoAnswerError}, {@link NotSentError}, or the reason of the aborted
   * `signal`.
   */
  async send({ method, path, query, body }: HttpRequest): Promise<HttpAnswer> {
    const { transport, baseUrl, sessionApiKey, signal, readTimeoutMs = Number.POSITIVE_INFINITY } = this.options;
    const isRead = method === 'GET';
    const timeoutMs = isRead ? Math.min(this.options.timeoutMs, readTimeoutMs) : this.options.timeoutMs;
    const url = baseUrl + path;
    // axios' own timeout starts anew with every byte: a slow drip would hold a look for ever.
    const deadline = this.#sharedDeadline ?? AbortSignal.timeout(timeoutMs);
    signal.throwIfAborted();
    try {
      const { status, headers, data } = await transport({
        method,
        url,
        params: query,
        data: body,
        headers: { Accept: 'application/json', ...(sessionApiKey && { 'X-Session-API-Key': sessionApiKey }) },
        signal: isRead ? AbortSignal.any([deadline, signal]) : deadline,
      });
      return { method, url, status, headers: { ...headers }, text: data, json: parseJson(data) };
    } catch (error) {
      if (error instanceof NotSentError) throw error;
      if (!deadline.aborted) signal.throwIfAborted();
      throw new NoAnswerError(method, url, deadline.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error));
    }
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

function reasonOf(error: unknown): string {
  const { code = '', message = '' } = error instanceof Error ? (error as AxiosError) : {};
  if (message.startsWith('maxContentLength')) return `an answer of more than ${maximumAnswerBytes} bytes`;
  if (code === AxiosError.ERR_BAD_RESPONSE) return 'connection cut off within the answer';
  // What is left is named by Node or OpenSSL: a refused certificate, a corrupt gzip body.
  return [reasons[code] ?? message.slice(0, 200), code && `(${code})`].filter(Boolean).join(' ');
}
