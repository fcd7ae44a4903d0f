import type { TransportRequest } from './transport.js';

/** Why a request was given up: its deadline has passed, or it was cancelled. */
export function whyGivenUp({ signal }: Pick<TransportRequest, 'signal'>): 'timeout' | 'cancelled' | undefined {
  if (!signal?.aborted) return undefined;
  return (signal as AbortSignal).reason?.name === 'TimeoutError' ? 'timeout' : 'cancelled';
}
