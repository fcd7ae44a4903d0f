import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, isGrpcServiceError, isRetryableError, ServiceError } from '@temporalio/client';
import { oneLine } from '../contract/printing/one-line.js';
import type { Retrying } from './conversation-status.js';
import { onAbort } from './on-abort.js';

/** Time between two questions to Temporal: short at first, then easy on the server. */
export const firstDelayMs = 250;
/** With its jitter and the time of an answer below the 12 s within which a waiter hears of the end. */
export const lastDelayMs = 9_500;
const growth = 1.2;
const jitter = 0.15;

/** An unanswered question is asked again after this time: Temporal answers within a second, but 2 MB have to get there. */
const answerWithinMs = 15_000;

/** A caller is told after this time that Temporal does not answer. The SDK's own retries hide the first seconds. */
const tellAfterMs = 3_000;

const grpcCancelled = 1;
const grpcDeadlineExceeded = 4;
const grpcResourceExhausted = 8;

/** Thrown for a question that was not answered in time. */
class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

export interface AskOptions {
  readonly signal: AbortSignal;
  /** Told once for each outage. */
  readonly onRetrying?: ((retrying: Retrying) => void) | undefined;
}

/** Asks Temporal until it answers, or the signal says that it is enough. */
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
 * Asks Temporal once. What is not answered in time, or is no longer wanted, is cancelled: by a controller of its own,
 * since the SDK leaves a listener on its signal for every call.
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

/** With jitter: thousands that wait must not ask at the same moment. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const jitteredMs = milliseconds * (1 - jitter + Math.random() * 2 * jitter);
  await sleep(jitteredMs, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/**
 * Whether Temporal may answer the same question a little later. Under load it also runs into deadlines of its own, and a
 * server that ends cancels what it has not answered: the SDK does not take these for passing.
 */
export function isPassing(error: unknown): boolean {
  if (error instanceof NoAnswerError) return true;
  const cause = grpcErrorOf(error);
  if (cause === undefined) return false;
  return isRetryableError(cause) || cause.code === grpcDeadlineExceeded || cause.code === grpcCancelled;
}

/** Whether Temporal refused to deal with it at all, for want of resources. */
export function isRefused(error: unknown): boolean {
  return grpcErrorOf(error)?.code === grpcResourceExhausted;
}

function grpcErrorOf(error: unknown) {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? cause : undefined;
}
