import { type Context, context, propagation } from '@opentelemetry/api';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { traceHeader } from '../contract/names.js';

/** The active span as HTTP headers of the W3C; empty where nothing is traced. */
export function traceparent(): Readonly<Record<string, string>> {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  // Baggage stays here: it may hold anything, and whoever carries these headers on can read them.
  const { traceparent, tracestate } = carrier;
  return { ...(traceparent && { traceparent }), ...(tracestate && { tracestate }) };
}

/** Temporal's headers with the active span in them. They are not encrypted. */
export function withTrace(headers: Headers): Headers {
  const carrier = traceparent();
  if (!carrier.traceparent) return headers;
  return { ...headers, [traceHeader]: defaultPayloadConverter.toPayload(carrier) };
}

/** The trace that Temporal's headers carry; the active one where they carry none that can be read. */
export function traceIn({ [traceHeader]: payload }: Headers): Context {
  if (!payload) return context.active();
  try {
    return propagation.extract(context.active(), defaultPayloadConverter.fromPayload(payload));
  } catch {
    // Of a client that encrypts its headers: work goes on without its trace.
    return context.active();
  }
}
