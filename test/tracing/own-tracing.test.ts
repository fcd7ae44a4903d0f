import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, propagation, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { connectClient } from '../../client/connect.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import { loadTemporalConfig } from '../../config/temporal.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { atEndOf, forFile, standInForFile, testFile } from '../harness/fixtures.js';
import { startDevServer } from '../harness/temporal.js';

/** A program with its own tracing that uses our client and our worker. */
const spans = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
provider.register();
atEndOf(testFile, () => provider.shutdown());

const temporal = await forFile(startDevServer());
const server = await standInForFile();

test("a start continues its caller's trace without the caller's baggage", async (t) => {
  const client = await connectClient(loadTemporalConfig(temporal.variables));
  t.after(() => client.connection.close());
  const baggage = propagation.createBaggage({ secret: { value: 'of-the-caller' } });
  const caller = trace.getTracer('caller').startSpan('handle request');
  const callersContext = propagation.setBaggage(trace.setSpan(context.active(), caller), baggage);
  await context.with(callersContext, () => new NestedConversations(client).ensureReady(inputFor(server.url)));

  const start = spans.getFinishedSpans().find(({ name }) => name.startsWith('StartWorkflow:'));
  assert.equal(start?.parentSpanContext?.spanId, caller.spanContext().spanId);
  const traceIds = server.requests.map(({ headers }) => String(headers.traceparent).split('-')[1]);
  assert.deepEqual(new Set(traceIds), new Set([caller.spanContext().traceId]));
  assert.deepEqual(new Set(server.requests.map(({ headers }) => headers.baggage)), new Set([undefined]));
});
