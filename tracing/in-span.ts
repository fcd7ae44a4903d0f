import { type Context, context, type Span, type SpanOptions, SpanStatusCode, trace } from '@opentelemetry/api';

const tracer = trace.getTracer('nested-conversations');

export interface InSpanOptions extends SpanOptions {
  /** @default the active one */
  readonly parent?: Context;
  /** The `error.type` of an error; `undefined` for an error that is not a failure of the span. */
  readonly errorType: (error: unknown) => string | undefined;
}

/** Runs `work` in a span. Without tracing, it only runs `work`. */
export function inSpan<T>(name: string, options: InSpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const { parent = context.active(), errorType, ...spanOptions } = options;
  return tracer.startActiveSpan(name, spanOptions, parent, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      const type = errorType(error);
      if (type !== undefined) fail(span, type);
      throw error;
    } finally {
      span.end();
    }
  });
}

/**
 * Marks a span as failed. It gets only the error's type: messages may quote conversations, and spans are not encrypted.
 */
export function fail(span: Span, type: string): void {
  span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
}
