import type { LookupAddress } from 'node:dns';
import dns from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import axios, { AxiosError, AxiosHeaders, type AxiosRequestConfig, type AxiosResponse } from 'axios';
import { type EgressPolicy, parseEgressPolicy } from '../../egress/egress-policy.js';
import { defaultMaximumAnswerBytes } from '../defaults.js';

/**
 * Sends one request, and resolves with its answer, whatever the status. Redirects are not followed.
 *
 * @throws {@link NotSentError}, or what axios throws where there is no answer
 */
export type Transport = (request: TransportRequest) => Promise<AxiosResponse<string>>;

export type TransportRequest = Pick<AxiosRequestConfig, 'params' | 'data' | 'signal'> & {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Set where a kept connection has just turned out to be dead: another one may be, too. @default false */
  readonly newConnection?: boolean;
};

/** Thrown when a request may not go where it was to go: not a byte of it was sent. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError';
  constructor(
    readonly method: string,
    readonly url: string,
    /** In plain words, with the rule that stands against it. */
    readonly reason: string,
  ) {
    super(`${method} ${url} was not sent: ${reason}`);
  }
}

export interface TransportOptions {
  /** Where requests may go. @default anywhere but to what no rule can allow */
  readonly egressPolicy?: EgressPolicy;
  /**
   * Whether `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` count. A proxy looks host names up by itself: of what goes
   * through it, the policy judges host names and literal addresses only. @default false
   */
  readonly proxyFromEnvironment?: boolean;
  /** The largest answer that is read, in bytes, decompressed. @default 8 MiB */
  readonly maximumAnswerBytes?: number | undefined;
  /** Looks a host name up. @default as the operating system does */
  readonly lookup?: (hostname: string, options: { all: true }) => Promise<LookupAddress[]>;
}

/** Connections are made to the very address that was judged: what the name means a moment later does not matter. */
export function createTransport(options: TransportOptions = {}): Transport {
  const {
    egressPolicy = parseEgressPolicy(),
    proxyFromEnvironment = false,
    maximumAnswerBytes = defaultMaximumAnswerBytes,
    lookup = dns.lookup,
  } = options;
  const settings = {
    httpAgent: new http.Agent({ keepAlive: true }),
    httpsAgent: new https.Agent({ keepAlive: true }),
    // Left to itself, axios reads the environment: a proxy that nobody asked for would see the session key.
    ...(!proxyFromEnvironment && ({ proxy: false } as const)),
    // Else the session key would be carried to another host.
    maxRedirects: 0,
    maxContentLength: maximumAnswerBytes,
    maxBodyLength: Number.POSITIVE_INFINITY,
    validateStatus: () => true,
    responseType: 'text',
  } as const;

  return async ({ newConnection = false, ...request }) => {
    const { method, url } = request;
    const { hostname, port } = destinationOf(url);
    const refuse = (reason: string) => new NotSentError(method, url, reason);

    // A literal address is never looked up, and what goes through a proxy is not looked up here.
    const refusal = egressPolicy({ hostname, port });
    if (refusal) throw refuse(refusal);

    const lookUpAllowed = async (name: string, lookupOptions: object): Promise<[LookupAddress[]]> => {
      const found = await lookup(name, { ...lookupOptions, all: true });
      const refusals = found.map(({ address }) => egressPolicy({ hostname: name, port, address }));
      const [first] = refusals;
      if (first && refusals.every(Boolean)) throw refuse(first);
      return [found.filter((_, index) => !refusals[index])];
    };
    // A form is encoded, and told by its own type, on the way.
    const isJson = request.data !== undefined && !(request.data instanceof FormData);
    try {
      return await sendByHttp({
        ...settings,
        ...request,
        ...(newConnection && withoutPool),
        headers: AxiosHeaders.from({ ...(isJson && json), ...request.headers }),
        data: isJson ? JSON.stringify(request.data) : request.data,
        lookup: lookUpAllowed,
      });
    } catch (error) {
      throw error instanceof AxiosError && error.cause instanceof NotSentError ? error.cause : error;
    }
  };
}

/**
 * What axios sends a request with. Asked directly: to merge configurations and to find transformations, of which there is
 * nothing to merge or to transform here, takes axios a third of its time.
 */
const sendByHttp = axios.getAdapter('http');

const json = { 'Content-Type': 'application/json' };

/** Agents that keep no connection, and so find none. */
const withoutPool = { httpAgent: new http.Agent(), httpsAgent: new https.Agent() };

function destinationOf(url: string): { hostname: string; port: number } {
  const { hostname, port, protocol } = new URL(url);
  return {
    hostname: hostname.replace(/^\[(.+)\]$/, '$1'),
    port: port === '' ? defaultPorts[protocol as keyof typeof defaultPorts] : Number(port),
  };
}

const defaultPorts = { 'http:': 80, 'https:': 443 };
