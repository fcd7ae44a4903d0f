import { STATUS_CODES } from 'node:http';
import { metricNames } from '../../contract/metrics.js';
import { counter } from '../metrics.js';
import { NotSentError, type Transport, type TransportRequest } from './transport.js';
import { whyGivenUp } from './why-given-up.js';

/** The same transport, which counts its requests by what became of them. */
export function counted(transport: Transport): Transport {
  return async (request) => {
    const { method } = request;
    const requests = counter(metricNames.requests);
    try {
      const answer = await transport(request);
      // What the server makes up must not become a label: each value is one more series.
      requests.add(1, { method, status: answer.status in STATUS_CODES ? answer.status : 'other' });
      return answer;
    } catch (error) {
      requests.add(1, { method, status: whyNoAnswer(request, error) });
      throw error;
    }
  };
}

/** In a word that does not depend on what the server says. */
function whyNoAnswer(request: TransportRequest, error: unknown): string {
  if (error instanceof NotSentError) return 'not sent';
  return whyGivenUp(request) ?? (error as NodeJS.ErrnoException).code ?? 'other';
}
