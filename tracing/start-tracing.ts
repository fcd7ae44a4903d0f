import { loadTracingConfig } from '../config/tracing.js';

/**
 * Traces what this process does, where the environment says so: see `loadTracingConfig`. Where it does not, nothing of
 * OpenTelemetry's SDK is loaded.
 *
 * @param serviceName What the process is called in traces, unless `OTEL_SERVICE_NAME` says otherwise.
 * @returns Sends what is left to send, within seconds; it never rejects.
 * @throws ConfigError
 */
export async function startTracing(serviceName: string): Promise<() => Promise<void>> {
  const config = loadTracingConfig();
  if (!config) return async () => undefined;
  const { exportSpans } = await import('./export-spans.js');
  return exportSpans(config, serviceName);
}
