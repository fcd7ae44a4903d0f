import type { TracingConfig } from './export-spans.js';

/**
 * Starts tracing this process. Without a configuration, OpenTelemetry's SDK is not loaded.
 *
 * @param serviceName The process's name in traces, unless `OTEL_SERVICE_NAME` is set.
 * @returns A function that sends the remaining spans, within seconds. It never rejects.
 */
export async function startTracing(
  serviceName: string,
  config: TracingConfig | undefined,
): Promise<() => Promise<void>> {
  if (!config) return async () => undefined;
  const { exportSpans } = await import('./export-spans.js');
  return exportSpans(config, serviceName);
}
