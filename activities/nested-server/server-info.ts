import type { ApplicationFailure } from '@temporalio/common';
import type { Conversation } from '../../contract/input.js';
import { failure, failureOfAnswer, property, stringAt } from './failures.js';
import { type HttpAnswer, type HttpClient, NoAnswerError } from './http-client.js';

/** What a server says about itself. */
export interface ServerInfo {
  readonly kind: Conversation['server'];
  /** `undefined` if the server does not tell. */
  readonly version: string | undefined;
  readonly boot: Boot;
  /** Where an agent server runs conversations by default: `local`, or `docker` with a container for each. */
  readonly conversationRuntime?: string | undefined;
}

/** The span of time in which the server's process started, in milliseconds since the epoch. */
export interface Boot {
  readonly earliest: number;
  readonly latest: number;
}

/** The versions listed in docs/compatibility.md. */
export const supportedVersions = {
  openhands: { from: '0.51', to: '1.6', inWords: 'openhands-ai 0.51 to 1.6' },
  'agent-server': { from: '1.23.1', to: undefined, inWords: 'openhands-agent-server 1.23.1 and newer' },
} as const;

/** Reads `GET /server_info`; `undefined` if no OpenHands server answers it. */
export async function readServerInfo(server: HttpClient): Promise<ServerInfo | undefined> {
  const told = await readUptime(server);
  if (!told) return undefined;
  const version = stringAt(told.json, 'version');
  // The first generation gives its version only in its schema, and not every version has one.
  return version === undefined
    ? { kind: 'openhands', version: await readSchemaVersion(server), boot: told.boot }
    : {
        kind: 'agent-server',
        version: version.slice(0, 50),
        boot: told.boot,
        conversationRuntime: stringAt(told.json, 'conversation_runtime'),
      };
}

/** Reads when the server's process started; `undefined` if the server does not tell. */
export async function readBoot(server: HttpClient): Promise<Boot | undefined> {
  return (await readUptime(server))?.boot;
}

async function readUptime(server: HttpClient): Promise<{ readonly json: unknown; readonly boot: Boot } | undefined> {
  const sentAt = Date.now();
  const answer = await readIfThere(server, '/server_info');
  const uptime = property(answer?.json, 'uptime');
  if (answer?.status !== 200 || typeof uptime !== 'number' || !Number.isFinite(uptime)) return undefined;
  const beganMs = uptime * 1000;
  // The uptime may be rounded down to whole seconds.
  return { json: answer.json, boot: { earliest: sentAt - beganMs - 1000, latest: Date.now() - beganMs } };
}

async function readSchemaVersion(server: HttpClient): Promise<string | undefined> {
  const answer = await readIfThere(server, '/openapi.json');
  return stringAt(property(answer?.json, 'info'), 'version')?.slice(0, 50);
}

async function readIfThere(server: HttpClient, path: string): Promise<HttpAnswer | undefined> {
  return server.send({ method: 'GET', path }).catch((error: unknown) => {
    if (error instanceof NoAnswerError) return undefined;
    throw error;
  });
}

/** Whether a version is in the supported range; `undefined` if it is not numeric and so can't be compared. */
export function isSupported({ kind, version }: Pick<ServerInfo, 'kind' | 'version'>): boolean | undefined {
  const numbers = numbersOf(version);
  if (!numbers) return undefined;
  const { from, to } = supportedVersions[kind];
  return compare(numbers, numbersOf(from) ?? []) >= 0 && (!to || compare(numbers, numbersOf(to) ?? []) <= 0);
}

/** Whether a version is older than another. False for a version that is not numeric. */
export function isBefore(version: string | undefined, other: string): boolean {
  const numbers = numbersOf(version);
  return numbers !== undefined && compare(numbers, numbersOf(other) ?? []) < 0;
}

/** Whether a version is this one or newer. False for a version that is not numeric. */
export function isFrom(version: string | undefined, other: string): boolean {
  return numbersOf(version) !== undefined && !isBefore(version, other);
}

function numbersOf(version = ''): number[] | undefined {
  const [, major, minor, patch] = /^(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?/.exec(version) ?? [];
  return major === undefined ? undefined : [major, minor, patch].filter((part) => part !== undefined).map(Number);
}

/** Compares only the numbers that both have: 1.6.0 is within a range that ends with 1.6. */
function compare(one: readonly number[], other: readonly number[]): number {
  const differs = other.findIndex((number, index) => number !== (one[index] ?? 0));
  return differs < 0 ? 0 : (one[differs] ?? 0) - (other[differs] ?? 0);
}

/** The failure for a version outside the supported range: it might misunderstand our requests. */
export function failureOfUnsupported(url: string, { kind, version }: ServerInfo): ApplicationFailure {
  const { inWords } = supportedVersions[kind];
  return rejected(url, `is ${kind} ${version}, which is not supported: ${inWords} are. Nothing was sent`);
}

/**
 * The failure for a server without the dialect's API: another kind of server, or a gateway whose route is not up yet.
 */
export async function failureOfMissingApi(
  wanted: Conversation['server'],
  server: HttpClient,
  answer: HttpAnswer,
): Promise<ApplicationFailure> {
  const info = await readServerInfo(server);
  // A gateway whose route is not up yet answers like a server without the route.
  if (!info || (info.kind === wanted && isSupported(info) !== false)) return failureOfAnswer(answer);
  const name = `${info.kind} ${info.version ?? 'of an unknown version'}`;
  if (info.kind !== wanted) return rejected(answer.url, `is ${name}: pass server '${info.kind}'`);
  const { inWords } = supportedVersions[wanted];
  const advice =
    wanted === 'openhands' ? ": start it in the agent-server of its sandbox, with server 'agent-server'" : '';
  return rejected(answer.url, `is ${name} and does not have this API: ${inWords} have it${advice}`);
}

function rejected(url: string, problem: string): ApplicationFailure {
  return failure('ConversationRejected', `the server at ${url} ${problem}`, { url });
}
