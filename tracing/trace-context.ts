import { type Context, context, propagation } from '@opentelemetry/api';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { traceHeader } from '../contract/names.js';

/** The active span as W3C HTTP headers; empty without tracing. */
export function traceparent(): Readonly<Record<string, string>> {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  // Baggage is not passed on: it may contain anything, and the receivers of these headers can read it.
  const { traceparent, tracestate } = carrier;
  return { ...(traceparent && { traceparent }), ...(tracestate && { tracestate }) };
}

/** Adds the active span to Temporal's headers, which are not encrypted. */
export function withTrace(headers: Headers): Headers {
  const carrier = traceparent();
  if (!carrier.traceparent) return headers;
  return { ...headers, [traceHeader]: defaultPayloadConverter.toPayload(carrier) };
}

/** The trace in Temporal's headers; the active one if they have none, or it can't be read. */
export function traceIn({ [traceHeader]: payload }: Headers): Context {
  if (!payload) return context.active();
  try {
    return propagation.extract(context.active(), defaultPayloadConverter.fromPayload(payload));
  } catch {
    // The client encrypts its headers. The work continues without its trace.
    return context.active();
  }
}
