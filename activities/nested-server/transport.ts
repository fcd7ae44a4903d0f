import type { LookupAddress } from 'node:dns';
import dns from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import axios, { AxiosError, AxiosHeaders, type AxiosRequestConfig, type AxiosResponse } from 'axios';
import { type EgressPolicy, parseEgressPolicy } from '../../egress/egress-policy.js';
import { defaultMaximumAnswerBytes } from '../defaults.js';

/**
 * Sends one request and resolves with its answer, whatever the status. Redirects are not followed.
 *
 * @throws {@link NotSentError}, or axios' error if no answer came
 */
export type Transport = (request: TransportRequest) => Promise<AxiosResponse<string>>;

export type TransportRequest = Pick<AxiosRequestConfig, 'params' | 'data' | 'signal'> & {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Set when a kept-alive connection has just proved dead: others may be dead, too. @default false */
  readonly newConnection?: boolean;
};

/** Thrown when the egress policy denies a request. No byte of it was sent. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError';
  constructor(
    readonly method: string,
    readonly url: string,
    /** In plain words, with the rule that denies it. */
    readonly reason: string,
  ) {
    super(`${method} ${url} was not sent: ${reason}`);
  }
}

export interface TransportOptions {
  /** Where requests may go. @default anywhere, except what no rule can allow */
  readonly egressPolicy?: EgressPolicy;
  /**
   * Whether `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are used. A proxy resolves host names itself, so for requests
   * through it the policy sees only host names and literal addresses. @default false
   */
  readonly proxyFromEnvironment?: boolean;
  /** The largest decompressed answer to read, in bytes. @default 8 MiB */
  readonly maximumAnswerBytes?: number | undefined;
  /** Resolves a host name. @default the operating system's resolver */
  readonly lookup?: (hostname: string, options: { all: true }) => Promise<LookupAddress[]>;
}

/** Connects to the very address that the policy has checked, so a later change of the DNS record does not matter. */
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
    // By default, axios reads the proxy from the environment. An unexpected proxy would see the session key.
    ...(!proxyFromEnvironment && ({ proxy: false } as const)),
    // A redirect would carry the session key to another host.
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

    // A literal address needs no lookup, and a proxy does its own. So the policy is asked here as well.
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
 * Calls axios' HTTP adapter directly. Merging configurations and finding transformations takes a third of axios' time,
 * and there is nothing to merge or transform here.
 */
const sendByHttp = axios.getAdapter('http');

const json = { 'Content-Type': 'application/json' };

/** Agents without kept-alive connections, so that each request opens a new one. */
const withoutPool = { httpAgent: new http.Agent(), httpsAgent: new https.Agent() };

function destinationOf(url: string): { hostname: string; port: number } {
  const { hostname, port, protocol } = new URL(url);
  return {
    hostname: hostname.replace(/^\[(.+)\]$/, '$1'),
    port: port === '' ? defaultPorts[protocol as keyof typeof defaultPorts] : Number(port),
  };
}

const defaultPorts = { 'http:': 80, 'https:': 443 };
