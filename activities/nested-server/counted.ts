import { STATUS_CODES } from 'node:http';
import { metricNames } from '../../contract/metrics.js';
import { counter } from '../metrics.js';
import { NotSentError, type Transport, type TransportRequest } from './transport.js';
import { whyGivenUp } from './why-given-up.js';

/** Counts a transport's requests by their outcome. */
export function counted(transport: Transport): Transport {
  return async (request) => {
    const { method } = request;
    const requests = counter(metricNames.requests);
    try {
      const answer = await transport(request);
      // A made-up status must not become a label: each value is a new time series.
      requests.add(1, { method, status: answer.status in STATUS_CODES ? answer.status : 'other' });
      return answer;
    } catch (error) {
      requests.add(1, { method, status: whyNoAnswer(request, error) });
      throw error;
    }
  };
}

/** One of a few fixed words, independent of what the server says. */
function whyNoAnswer(request: TransportRequest, error: unknown): string {
  if (error instanceof NotSentError) return 'not sent';
  return whyGivenUp(request) ?? (error as NodeJS.ErrnoException).code ?? 'other';
}
