import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { withinContract } from '../../activities/failure-boundary.js';
import { connect } from '../../activities/nested-server/connect.js';
import { withDialect } from '../../activities/nested-server/dialects.js';
import type { HttpClient } from '../../activities/nested-server/http-client.js';
import { readingTwice } from '../../activities/nested-server/reading-twice.js';
import { isSupported, readServerInfo, supportedVersions } from '../../activities/nested-server/server-info.js';
import { createTransport } from '../../activities/nested-server/transport.js';
import { InvalidInputError } from '../../client/errors.js';
import type { WorkerConfig } from '../../config/worker.js';
import { type FailureType, failureTypes, whatToDo } from '../../contract/failures.js';
import { parseInput } from '../../contract/input.js';
import { ok, problem, type Verdict } from './check.js';

export interface NestedServerOptions {
  /** The nested server to check. Without it, none is checked. */
  readonly apiUrl?: string | undefined;
  readonly server?: string | undefined;
  readonly sessionApiKey?: string | undefined;
}

const requestTimeoutMs = 10_000;

/** Used instead of {@link whatToDo}, since doctor has started nothing. */
const fixes: Partial<Record<FailureType, string>> = {
  Unauthorized: 'pass the valid key: --session-api-key, or NESTED_SESSION_API_KEY',
  NestedServerUnavailable: 'check the nested server, its URL and --server',
  ConversationRejected: 'correct the URL, or allow it in NESTED_SERVER_ALLOW',
};

/** Requests a conversation that does not exist, with a worker's transport and egress rules. It only reads. */
export async function checkNestedServer(
  { apiUrl, server, sessionApiKey }: NestedServerOptions,
  { transportOptions }: WorkerConfig,
  signal: AbortSignal,
): Promise<Verdict> {
  const input = { apiUrl, server, sid: randomUUID(), userId: 'doctor', client: { sessionApiKey } };
  const parsed = parseInput(input);
  if ('problems' in parsed) return problem(InvalidInputError.of(parsed.problems).message);
  const { sid, readiness, ...conversation } = parsed.conversation;
  const http = connect(conversation, {
    transport: readingTwice(createTransport(transportOptions)),
    timeoutMs: requestTimeoutMs,
    sharedDeadline: true,
    signal,
  });
  const desired = { sid, isReplay: false, readyWhen: readiness.readyWhen, isOurMessage: () => false };
  try {
    await withinContract(input, async () =>
      withDialect(conversation.server, (dialect) => dialect.baseline(http, desired)),
    );
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    const type = error.type as FailureType;
    return problem(error.message, fixes[type] ?? (type in failureTypes ? whatToDo[type] : undefined));
  }
  const key = sessionApiKey ? 'and accepts the session API key' : 'and requires no session API key';
  return ok(`${conversation.apiUrl} speaks ${conversation.server}${await versionOf(http)}, ${key}`);
}

/** The server's version, and whether it is supported. */
async function versionOf(http: HttpClient): Promise<string> {
  const info = await readServerInfo(http);
  if (info?.version === undefined) return ' (it does not report its version)';
  const range = `${supportedVersions[info.kind].inWords} are supported`;
  return ` ${info.version} (${isSupported(info) === false ? `not supported: ${range}` : 'supported'})`;
}
