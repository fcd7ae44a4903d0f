import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import protobuf from 'protobufjs';

/** A span as a collector received it. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent for the first span of a trace. */
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly status: { readonly code: number };
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The `service.name` of its process. */
  readonly serviceName: unknown;
}

/** A collector of OTLP over HTTP, for `OTEL_EXPORTER_OTLP_ENDPOINT`. */
export interface TraceCollector {
  readonly url: string;
  /** The received requests, in order. */
  readonly batches: readonly { readonly headers: IncomingHttpHeaders; readonly path: string; readonly body: Buffer }[];
  /** In the order in which the spans began. */
  spans(): CollectedSpan[];
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. A `silent` collector never answers. */
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
        .flatMap(({ body }) => spansOf(decode(body)))
        .sort((one, other) => Number(BigInt(one.startTimeUnixNano) - BigInt(other.startTimeUnixNano))),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The parts of OTLP's messages that the tests read. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Traces { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated Attribute attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes trace_id = 1;
    bytes span_id = 2;
    bytes parent_span_id = 4;
    string name = 5;
    fixed64 start_time_unix_nano = 7;
    repeated Attribute attributes = 9;
    Status status = 15;
  }
  message Status { int32 code = 3; }
  message Attribute { string key = 1; Value value = 2; }
  message Value { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`);
const traces = root.lookupType('Traces');

interface Attribute {
  readonly key: string;
  readonly value?: Readonly<Record<string, unknown>>;
}

interface SentSpan {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly parentSpanId?: Buffer;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly attributes?: readonly Attribute[];
  readonly status?: { readonly code?: number };
}

interface Traces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

function decode(body: Buffer): Traces {
  // Nanoseconds since the epoch don't fit into a number.
  return traces.toObject(traces.decode(body), { longs: String }) as Traces;
}

function spansOf({ resourceSpans }: Traces): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ name, startTimeUnixNano, traceId, spanId, parentSpanId, status, attributes }) => ({
        name,
        startTimeUnixNano,
        traceId: traceId.toString('hex'),
        spanId: spanId.toString('hex'),
        ...(parentSpanId?.length && { parentSpanId: parentSpanId.toString('hex') }),
        status: { code: status?.code ?? 0 },
        attributes: valuesOf(attributes),
        serviceName: valuesOf(resource.attributes)['service.name'],
      })),
    ),
  );
}

function valuesOf(attributes: readonly Attribute[] = []): Record<string, unknown> {
  const plain = ({ intValue, ...others }: NonNullable<Attribute['value']>) =>
    intValue === undefined ? Object.values(others)[0] : Number(intValue);
  return Object.fromEntries(attributes.map(({ key, value = {} }) => [key, plain(value)]));
}
