import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, isGrpcServiceError, isRetryableError, ServiceError } from '@temporalio/client';
import { oneLine } from '../contract/printing/one-line.js';
import type { Retrying } from './conversation-status.js';
import { onAbort } from './on-abort.js';

/** Time between two calls to Temporal: short at first, then longer to spare the server. */
export const firstDelayMs = 250;
/** With jitter and the time for an answer, a waiter still learns of the end within 12 s. */
export const lastDelayMs = 9_500;
const growth = 1.2;
const jitter = 0.15;

/**
 * A call without an answer is repeated after this time. Temporal answers within a second, but the request may carry 2
 * MB.
 */
const answerWithinMs = 15_000;

/** After this time, the caller is told that Temporal does not answer. The SDK's own retries hide shorter outages. */
const tellAfterMs = 3_000;

const grpcCancelled = 1;
const grpcDeadlineExceeded = 4;
const grpcResourceExhausted = 8;

/** Thrown when Temporal did not answer a call in time. */
class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

export interface AskOptions {
  readonly signal: AbortSignal;
  /** Called once per outage. */
  readonly onRetrying?: ((retrying: Retrying) => void) | undefined;
}

/** Repeats a call to Temporal until it is answered, or until the signal is aborted. */
export async function askUntilAnswered<T>(
  client: Client,
  ask: () => Promise<T>,
  { signal, onRetrying }: AskOptions,
): Promise<T> {
  const since = new Date();
  let isTold = false;
  const tell = (reason: string) => {
    if (isTold || signal.aborted) return;
    isTold = true;
    onRetrying?.({ since, reason });
  };
  const late = setTimeout(() => tell('no answer yet'), tellAfterMs);
  try {
    for (let delayMs = firstDelayMs; ; delayMs = longer(delayMs)) {
      try {
        return await askOnce(client, ask, signal, answerWithinMs);
      } catch (error) {
        if (!isPassing(error)) throw error;
        tell(oneLine(error));
      }
      await pause(delayMs, signal);
    }
  } finally {
    clearTimeout(late);
  }
}

/**
 * Calls Temporal once. The call is cancelled when it takes too long or when the signal is aborted. It gets its own
 * controller, since the SDK leaves a listener on the signal of every call.
 */
export async function askOnce<T>(
  client: Client,
  ask: () => Promise<T>,
  signal: AbortSignal,
  withinMs: number,
): Promise<T> {
  signal.throwIfAborted();
  const call = new AbortController();
  let giveUp: (reason: unknown) => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const takeBack = onAbort(signal, () => giveUp(signal.reason));
  const timer = setTimeout(() => giveUp(new NoAnswerError(`no answer within ${withinMs / 1000} s`)), withinMs);
  try {
    return await Promise.race([client.withAbortSignal(call.signal, ask), givenUp]);
  } finally {
    clearTimeout(timer);
    takeBack();
    call.abort();
  }
}

export function longer(delayMs: number): number {
  return Math.min(delayMs * growth, lastDelayMs);
}

/** Sleeps with jitter, so that thousands of waiters don't call at the same moment. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const jitteredMs = milliseconds * (1 - jitter + Math.random() * 2 * jitter);
  await sleep(jitteredMs, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/**
 * Whether the same call may succeed a little later. Includes two cases that the SDK does not retry: under load,
 * Temporal exceeds its own deadlines, and a server that shuts down cancels open calls.
 */
export function isPassing(error: unknown): boolean {
  if (error instanceof NoAnswerError) return true;
  const cause = grpcErrorOf(error);
  if (cause === undefined) return false;
  return isRetryableError(cause) || cause.code === grpcDeadlineExceeded || cause.code === grpcCancelled;
}

/** Whether Temporal rejected the call because a resource is exhausted. */
export function isRefused(error: unknown): boolean {
  return grpcErrorOf(error)?.code === grpcResourceExhausted;
}

function grpcErrorOf(error: unknown) {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? cause : undefined;
}
