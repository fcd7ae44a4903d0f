import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { oneLine } from '../contract/printing/one-line.js';

/** How to export traces: see `loadTracingConfig`. */
export interface TracingConfig {
  /** Timeout for sending a batch of spans. Absent if the SDK reads the setting itself. */
  readonly timeoutMs: number | undefined;
}

/** Starts sending all spans to the collector, in batches. Call the returned function to stop. */
export function exportSpans({ timeoutMs }: TracingConfig, serviceName: string): () => Promise<void> {
  const exporter = new OTLPTraceExporter({ ...(timeoutMs !== undefined && { timeoutMillis: timeoutMs }) });
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': serviceName }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register({ propagator: new W3CTraceContextPropagator() });

  const reported = new Set<string>();
  const report = (error: unknown) => {
    const reason = oneLine(error) || (error as NodeJS.ErrnoException).code || 'no answer';
    // Report each reason once: a collector that is down fails every few seconds.
    if (reported.has(reason)) return;
    reported.add(reason);
    console.warn(
      `${serviceName}: traces are lost, because the collector (OTEL_EXPORTER_OTLP_ENDPOINT) does not accept them: ${reason}`,
    );
  };
  setGlobalErrorHandler(report);
  return () => provider.shutdown().catch(report);
}
