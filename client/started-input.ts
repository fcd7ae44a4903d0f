import { createHash } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type proto from '@temporalio/proto';
import { decodeFromPayloadsAtIndex } from '../codec/sdk-internals.js';
import { baseUrlOf } from '../contract/base-url.js';
import type { ReplayClaim } from '../contract/claim.js';
import type { Conversation } from '../contract/input.js';
import { oneLine } from '../contract/printing/one-line.js';
import type { MessageNotSentDetails } from './errors.js';

/**
 * The fields of a run's input that two callers are compared by. Any client may have started the run, so the fields are
 * not validated.
 */
export interface StartedInput {
  readonly userId: unknown;
  readonly apiUrl: unknown;
  readonly server: unknown;
  readonly content: unknown;
  readonly imageUrls: unknown;
  /** A text, a claim, or null. */
  readonly replay: unknown;
}

/**
 * Reads a run's input from the first event of its history, which every run has. Unlike the memo, it does not depend on
 * the client.
 *
 * @returns The input, or why it can't be read.
 */
export async function readStartedInput(
  client: Client,
  execution: Execution,
): Promise<StartedInput | { readonly unreadable: string }> {
  const { input } = await readStartedEvent(client, execution);
  try {
    return startedInputOf(await decodeFromPayloadsAtIndex(client.options.loadedDataConverter, 0, input?.payloads));
  } catch (error) {
    return { unreadable: oneLine(error) };
  }
}

/** The first event of a run. Takes one call and a few milliseconds. */
export async function readStartedEvent(
  { workflowService, options: { namespace } }: Client,
  { workflowId, runId }: Execution,
): Promise<StartedEvent> {
  const execution = { workflowId, runId };
  const { history } = await workflowService.getWorkflowExecutionHistory({ namespace, execution, maximumPageSize: 1 });
  return history?.events?.[0]?.workflowExecutionStartedEventAttributes ?? {};
}

type StartedEvent = proto.temporal.api.history.v1.IWorkflowExecutionStartedEventAttributes;

interface Execution {
  readonly workflowId: string;
  readonly runId: string;
}

function startedInputOf(input: unknown): StartedInput | { readonly unreadable: string } {
  if (typeof input !== 'object' || input === null) return { unreadable: 'its input is not a JSON object' };
  const { userId, apiUrl, server = 'openhands', initialUserMsg, replayJson } = input as Record<string, unknown>;
  const { content = null, imageUrls } = (initialUserMsg ?? {}) as Record<string, unknown>;
  return {
    userId,
    apiUrl: typeof apiUrl === 'string' && URL.canParse(apiUrl) ? baseUrlOf(apiUrl) : apiUrl,
    server,
    content,
    imageUrls: imageUrls ?? [],
    replay: replayJson ?? null,
  };
}

/** Whether the run belongs to the caller's user. */
export function isOfUser({ userId }: StartedInput, mine: Conversation): boolean {
  return userId === mine.userId;
}

/** Whether the run is on the same nested server. */
export function isOnServer({ apiUrl, server }: StartedInput, mine: Conversation): boolean {
  return apiUrl === mine.apiUrl && server === mine.server;
}

/** How the messages or replays differ; `undefined` if they are the same, `unknown` if they can't be compared. */
export function deliveryDifference(
  theirs: StartedInput,
  mine: Conversation,
): MessageNotSentDetails['differs'] | 'unknown' | undefined {
  const { content = null, imageUrls = [] } = mine.initialUserMsg ?? {};
  if (theirs.content !== content) return 'message';
  if (JSON.stringify(theirs.imageUrls) !== JSON.stringify(imageUrls)) return 'images';
  return replayDifference(theirs.replay, mine.replayJson);
}

function replayDifference(theirs: unknown, mine: string | null): 'replay' | 'unknown' | undefined {
  if (theirs === mine) return undefined;
  if (mine === null || typeof theirs !== 'object' || theirs === null) return 'replay';
  const { sha256 } = theirs as Partial<ReplayClaim>;
  if (sha256 === undefined) return 'unknown';
  return sha256 === sha256Of(mine) ? undefined : 'replay';
}

/** In hexadecimal. */
export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
