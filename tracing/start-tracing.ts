import type { TracingConfig } from './export-spans.js';

/**
 * Traces what this process does. Without a configuration nothing of OpenTelemetry's SDK is loaded.
 *
 * @param serviceName What the process is called in traces, unless `OTEL_SERVICE_NAME` says otherwise.
 * @returns Sends what is left to send, within seconds; it never rejects.
 */
export async function startTracing(
  serviceName: string,
  config: TracingConfig | undefined,
): Promise<() => Promise<void>> {
  if (!config) return async () => undefined;
  const { exportSpans } = await import('./export-spans.js');
  return exportSpans(config, serviceName);
}
