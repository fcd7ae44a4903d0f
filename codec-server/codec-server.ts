import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { DataConverter, Payload } from '@temporalio/common';
import { z } from 'zod';
import { sizeOf } from '../codec/payload-size.js';
import { PayloadsMessage } from '../codec/proto.js';
import { decode, encode } from '../codec/sdk-internals.js';
import { strictCodecs } from '../codec/strict-codecs.js';
import { boundBrokenBy } from '../contract/json-text.js';
import { keyName } from '../contract/key-name.js';
import { printable } from '../contract/printing/printable.js';

import { pageHeaders, signedInPage, signInPage } from './sign-in-page.js';

export interface CodecServerOptions {
  /** The data converter of the workers. */
  readonly dataConverter: DataConverter;
  /** The token that callers must send: see {@link createCodecServer}. */
  readonly token: string;
  /** Origins of the Web UIs that may call, e.g. `http://localhost:8233`. */
  readonly origins: readonly string[];
}

/** In bytes. Temporal limits a payload to 2 MB; the Web UI sends one page of a history at a time, in base64. */
const largestRequest = 64 * 1024 * 1024;

/** In bytes, the decoded size of all payloads in a request. One payload can decode to two thousand times its size. */
const largestDecoded = 64 * 1024 * 1024;

/** Bounds of a request's JSON: a list of payloads, each with metadata. */
const jsonBounds = { levels: 5, values: 100_000 };

/** In bytes. A sign-in needs no token. */
const largestSignIn = 4096;

const cookieName = 'codec-server-token';

/**
 * Reads payloads for Temporal's Web UI and `temporal` CLI, with Temporal's codec server protocol: `POST …/decode` and
 * `POST …/encode`.
 *
 * Both need the token, in one of three places: as `Authorization: Bearer …`; in the cookie that a person gets by
 * signing in at `/`, for a Web UI that includes credentials; or as a segment of the path, for a Web UI that can send
 * neither, such as a dev server's. Everybody who can read that Web UI's settings then has the token.
 *
 * @returns A server that is not listening yet.
 */
export function createCodecServer({ dataConverter, token, origins }: CodecServerOptions): Server {
  const payloadCodecs = strictCodecs(dataConverter.payloadCodecs ?? []);
  const operations = new Map([
    ['decode', decodeWhatCanBe],
    ['encode', (payloads: Payload[]): Promise<Payload[]> => encode(payloadCodecs, payloads)],
  ]);

  /**
   * A payload that can't be decoded, or exceeds the bound, is returned unchanged, so that the others are still shown.
   * If no payload can be decoded, throws the first error.
   */
  async function decodeWhatCanBe(payloads: Payload[]): Promise<Payload[]> {
    const results: Payload[] = [];
    const errors: unknown[] = [];
    let left = largestDecoded;
    for (const payload of payloads) {
      try {
        if (left <= 0) throw new RangeError(`the payloads decode to more than ${largestDecoded} bytes`);
        const decoded = await decode(payloadCodecs, [payload]);
        left -= decoded.reduce((sum, its) => sum + sizeOf(its), 0);
        results.push(...decoded);
      } catch (error) {
        errors.push(error);
        results.push(payload);
      }
    }
    if (errors.length > 0 && errors.length === payloads.length) throw errors[0];
    return results;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, headers } = request;
    const { pathname } = new URL(request.url ?? '/', 'http://codec-server');
    if (headers.origin !== undefined && origins.includes(headers.origin)) allowOrigin(response, headers.origin);
    if (method === 'OPTIONS') return void response.writeHead(204).end();
    if (pathname === '/') return signIn(request, response);
    // The protocol uses only the last segment, so the server can be mounted at any path.
    const operation = operations.get(pathname.split('/').at(-1) ?? '');
    if (!operation || method !== 'POST') return say(response, 404, 'use POST /decode, POST /encode or /');
    if (!isAuthenticated(request, pathname))
      return say(response, 401, 'sign in at /, or send the token: Authorization: Bearer …');
    const body = await readBody(request, largestRequest);
    if (body === undefined) return say(response, 413, `a request may have up to ${largestRequest} bytes`);
    try {
      const { payloads } = PayloadsMessage.fromObject(parseRequest(body));
      const results = await operation(payloads as Payload[]);
      send(response, 200, PayloadsMessage.toObject(PayloadsMessage.create({ payloads: results }), { bytes: String }));
    } catch (error) {
      say(response, 400, printable((error as Error).message));
    }
  }

  async function signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return void response.writeHead(200, pageHeaders).end(signInPage());
    const given = new URLSearchParams(await readBody(request, largestSignIn)).get('token') ?? '';
    if (!isSame(given, token))
      return void response.writeHead(401, pageHeaders).end(signInPage('That is not the token.'));
    // A cookie is sent to every port of its host. These paths make it unlikely that another server receives it.
    const cookies = [...operations.keys()].map(
      (name) => `${cookieName}=${encodeURIComponent(token)}; Path=/${name}; HttpOnly; SameSite=Strict`,
    );
    response.writeHead(200, { ...pageHeaders, 'Set-Cookie': cookies }).end(signedInPage);
  }

  function isAuthenticated({ headers }: IncomingMessage, pathname: string): boolean {
    const { authorization = '', cookie = '' } = headers;
    const [, fromHeader = ''] = /^Bearer (.+)$/i.exec(authorization) ?? [];
    const [, fromCookie = ''] = new RegExp(`(?:^|; )${cookieName}=([^;]*)`).exec(cookie) ?? [];
    const encoded = [fromCookie, ...pathname.split('/')];
    return isSame(fromHeader, token) || encoded.some((given) => isSame(given, encodeURIComponent(token)));
  }

  return createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
}

/** Base64, as in protobuf's JSON: the URL-safe alphabet and missing padding are also accepted. */
const base64 = z.string().regex(/^[\w+/-]*={0,2}$/, { error: 'is not base64' });

/** Validates only the fields used here, so that additions to the protocol are accepted. */
const requestSchema = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), base64).optional(), data: base64.optional() }))
    .default([]),
});

/** @throws Error with the problem of the request. It does not quote the request. */
function parseRequest(body: string): object {
  const broken = boundBrokenBy(body, jsonBounds);
  if (broken) throw new Error(`the request has more than ${jsonBounds[broken]} ${broken}`);
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new Error('the request is not JSON');
  }
  const { data, error } = requestSchema.safeParse(json);
  if (!error) return data;
  const [issue] = error.issues;
  throw new Error(`${issue?.path.map(String).map(keyName).join('.') || 'the request'} ${issue?.message}`);
}

function allowOrigin(response: ServerResponse, origin: string): void {
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Allow-Credentials', 'true');
  response.setHeader('Access-Control-Allow-Methods', 'POST');
  response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, X-Namespace');
  response.setHeader('Vary', 'Origin');
}

/** The body as text; `undefined` if it has more than `limit` bytes. */
async function readBody(request: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaves the rest unread, but keeps the connection open for the response.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function say(response: ServerResponse, status: number, message: string): void {
  send(response, status, { message });
}

function send(response: ServerResponse, status: number, body: object): void {
  const headers = { 'Content-Type': 'application/json', ...(status === 413 && { Connection: 'close' }) };
  response.writeHead(status, headers).end(JSON.stringify(body));
}

/** Compares in constant time, so that timing reveals nothing about the token. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
