import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, isRetryableError, ServiceError } from '@temporalio/client';

/** Time between two questions to Temporal: short at first, then easy on the server. */
export const firstDelayMs = 250;
const lastDelayMs = 5000;
const growth = 1.2;

const grpcDeadlineExceeded = 4;
const grpcResourceExhausted = 8;

/** Asks Temporal until it answers, or the signal says that it is enough. */
export async function persist<T>(ask: () => Promise<T>, signal?: AbortSignal, mayAskAgain = isPassing): Promise<T> {
  for (let delayMs = firstDelayMs; ; delayMs = longer(delayMs)) {
    signal?.throwIfAborted();
    try {
      return await orAborted(ask, signal);
    } catch (error) {
      if (!mayAskAgain(error)) throw error;
    }
    await pause(delayMs, signal);
  }
}

export function longer(delayMs: number): number {
  return Math.min(delayMs * growth, lastDelayMs);
}

/** With jitter: thousands that wait must not ask at the same moment. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  const jitteredMs = milliseconds * (0.8 + Math.random() * 0.4);
  await sleep(jitteredMs, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
}

/** Not by the client's own `withAbortSignal`: that leaves a listener on the signal for every call. */
async function orAborted<T>(ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return ask();
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort);
  });
  return Promise.race([aborted, ask()]).finally(() => signal.removeEventListener('abort', abort));
}

/**
 * Whether Temporal may answer the same question a little later. Under load it also runs into deadlines of its own, which
 * the SDK does not take for passing.
 */
export function isPassing(error: unknown): boolean {
  const cause = grpcErrorOf(error);
  return cause !== undefined && (isRetryableError(cause) || cause.code === grpcDeadlineExceeded);
}

/** Whether Temporal refused to deal with it at all, for want of resources. */
export function isRefused(error: unknown): boolean {
  return grpcErrorOf(error)?.code === grpcResourceExhausted;
}

function grpcErrorOf(error: unknown) {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? cause : undefined;
}
