import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A span as a collector got it. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent for the first span of a trace. */
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly status: { readonly code: number };
  readonly attributes: Readonly<Record<string, unknown>>;
  /** `service.name` of the process that it is of. */
  readonly serviceName: unknown;
}

/** A collector of OTLP over HTTP, as `OTEL_EXPORTER_OTLP_ENDPOINT` names one. */
export interface TraceCollector {
  readonly url: string;
  /** What came, in any protocol, in order. */
  readonly batches: readonly { readonly headers: IncomingHttpHeaders; readonly path: string; readonly body: Buffer }[];
  /** What came as JSON, the first begun first. */
  spans(): CollectedSpan[];
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. One that is `silent` never answers. */
export async function startTraceCollector({ silent = false } = {}): Promise<TraceCollector> {
  const batches: { headers: IncomingHttpHeaders; path: string; body: Buffer }[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    batches.push({ headers: request.headers, path: request.url ?? '', body });
    if (!silent) response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    batches,
    spans: () =>
      batches
        .flatMap(({ body }) => spansOf(JSON.parse(body.toString())))
        .sort((one, other) => Number(BigInt(one.startTimeUnixNano) - BigInt(other.startTimeUnixNano))),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface Batch {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly (CollectedSpan & { attributes: Attribute[] })[] }[];
  }[];
}

function spansOf({ resourceSpans }: Batch): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        attributes: valuesOf(span.attributes),
        serviceName: valuesOf(resource.attributes)['service.name'],
      })),
    ),
  );
}

/** Each is `{ key, value: { stringValue } }`, or another type's name. */
function valuesOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
