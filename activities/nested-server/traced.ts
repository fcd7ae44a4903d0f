import { SpanKind } from '@opentelemetry/api';
import { fail, inSpan } from '../../tracing/in-span.js';
import { traceparent } from '../../tracing/trace-context.js';
import type { Transport, TransportRequest } from './transport.js';
import { whyGivenUp } from './why-given-up.js';

/** The same transport, with a span for each request, whose `traceparent` the server gets. */
export function traced(transport: Transport): Transport {
  return async (request) => {
    const { method, url } = request;
    const { hostname } = new URL(url);
    return inSpan(
      method,
      {
        kind: SpanKind.CLIENT,
        // Of the query, the headers and the body nothing is told.
        attributes: { 'http.request.method': method, 'url.full': url, 'server.address': hostname },
        errorType: (error) => errorType(request, error),
      },
      async (span) => {
        const answer = await transport({ ...request, headers: { ...request.headers, ...traceparent() } });
        span.setAttribute('http.response.status_code', answer.status);
        if (answer.status >= 400 && answer.status !== notYetThere) fail(span, String(answer.status));
        return answer;
      },
    );
  };
}

/** In the best of starts, too, a server is asked for what it does not have yet. */
const notYetThere = 404;

function errorType(request: TransportRequest, error: unknown): string | undefined {
  const givenUp = whyGivenUp(request);
  // That nobody wants the answer any more is no error.
  if (givenUp) return givenUp === 'timeout' ? givenUp : undefined;
  const { code, name } = error as NodeJS.ErrnoException;
  return code ?? name;
}
