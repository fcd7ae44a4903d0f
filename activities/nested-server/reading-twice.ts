import type { AxiosError } from 'axios';
import type { Transport } from './transport.js';

/**
 * Repeats a read once, on a new connection, if a kept-alive connection was reset before an answer began. Some servers
 * (openhands-ai 0.60 to 1.6 without Docker) close a connection without notice, and the next request on it is lost. A
 * write is never repeated: nobody could tell whether it had arrived.
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

/** A caller's own transport may not tell whether the connection was kept alive. Then it may have been. */
function wasKeptAndReset(error: unknown): boolean {
  const { code = '', request } = error as AxiosError<unknown, unknown>;
  return ['ECONNRESET', 'EPIPE'].includes(code) && request?.reusedSocket !== false && !request?.res;
}
