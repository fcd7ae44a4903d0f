import { type Context, context, type Span, type SpanOptions, SpanStatusCode, trace } from '@opentelemetry/api';

const tracer = trace.getTracer('nested-conversations');

export interface InSpanOptions extends SpanOptions {
  /** @default the active one */
  readonly parent?: Context;
  /** What an error is called, in a word; `undefined` for one that is no failure of what the span is about. */
  readonly errorType: (error: unknown) => string | undefined;
}

/** Runs `work` in a span that ends with it. In a process that traces nothing, it just runs. */
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

/** Marks a span as failed. By a type alone: messages may quote what was said, and spans are not encrypted. */
export function fail(span: Span, type: string): void {
  span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
}
