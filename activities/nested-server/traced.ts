import { SpanKind } from '@opentelemetry/api';
import { fail, inSpan } from '../../tracing/in-span.js';
import { traceparent } from '../../tracing/trace-context.js';
import type { Transport, TransportRequest } from './transport.js';
import { whyGivenUp } from './why-given-up.js';

/** Gives each request a span and sends its `traceparent` to the server. */
export function traced(transport: Transport): Transport {
  return async (request) => {
    const { method, url } = request;
    const { hostname } = new URL(url);
    return inSpan(
      method,
      {
        kind: SpanKind.CLIENT,
        // The query, the headers and the body must stay out of the span.
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

/** Not an error: even a successful start asks for things that the server does not have yet. */
const notYetThere = 404;

function errorType(request: TransportRequest, error: unknown): string | undefined {
  const givenUp = whyGivenUp(request);
  // A cancelled request is no error.
  if (givenUp) return givenUp === 'timeout' ? givenUp : undefined;
  const { code, name } = error as NodeJS.ErrnoException;
  return code ?? name;
}
