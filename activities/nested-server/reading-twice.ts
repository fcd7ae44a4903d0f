import type { AxiosError } from 'axios';
import type { Transport } from './transport.js';

/**
 * The same transport, which reads again, once and on a new connection, where a kept one was reset before an answer
 * began. Some servers (openhands-ai 0.60 to 1.6 without Docker) close a connection without saying so, and the next
 * request on it is lost. Of a write nobody could tell whether it was: it is never sent again.
 */
export function readingTwice(transport: Transport): Transport {
  return async (request) => {
    try {
      return await transport(request);
    } catch (error) {
      if (request.method !== 'GET' || request.signal?.aborted || !wasKeptAndReset(error)) throw error;
      return transport({ ...request, newConnection: true });
    }
  };
}

/** A transport of somebody else's may not tell whether the connection was a kept one: then it may have been. */
function wasKeptAndReset(error: unknown): boolean {
  const { code = '', request } = error as AxiosError<unknown, unknown>;
  return ['ECONNRESET', 'EPIPE'].includes(code) && request?.reusedSocket !== false && !request?.res;
}
