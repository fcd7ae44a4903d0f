import type { TracingConfig } from '../tracing/export-spans.js';
import { ConfigError } from './config-error.js';

/** Shorter than the SDK's 10 s, because a process that exits waits this long for a collector that is down. */
const defaultTimeoutMs = 2_000;

/**
 * Reads those of OpenTelemetry's environment variables that decide something here; the SDK reads the others. Traces go
 * to `OTEL_EXPORTER_OTLP_ENDPOINT`, with the timeout `OTEL_EXPORTER_OTLP_TIMEOUT` (default 2 s).
 * `OTEL_EXPORTER_OTLP_PROTOCOL` can only be `http/protobuf`. For each of these, `OTEL_EXPORTER_OTLP_TRACES_…` takes
 * precedence. Without an endpoint, or with `OTEL_TRACES_EXPORTER=none` or `OTEL_SDK_DISABLED=true`, nothing is traced.
 *
 * @throws {@link ConfigError}
 */
export function loadTracingConfig(env: NodeJS.ProcessEnv = process.env): TracingConfig | undefined {
  const setting = (name: string): [string, string | undefined] => {
    const ofTraces = `OTEL_EXPORTER_OTLP_TRACES_${name}`;
    return env[ofTraces]
      ? [ofTraces, env[ofTraces]]
      : [`OTEL_EXPORTER_OTLP_${name}`, env[`OTEL_EXPORTER_OTLP_${name}`]];
  };
  const { OTEL_TRACES_EXPORTER: exporter, OTEL_SDK_DISABLED: disabled } = env;
  const [endpointVariable, endpoint] = setting('ENDPOINT');
  if (!endpoint || exporter === 'none' || disabled?.toLowerCase() === 'true') return undefined;

  if (exporter && exporter !== 'otlp') {
    throw new ConfigError(`OTEL_TRACES_EXPORTER must be otlp or none, but is '${exporter}'`);
  }
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
    // The value is not quoted, as it may contain a token.
    throw new ConfigError(`${endpointVariable} must be a URL such as http://localhost:4318`);
  }
  const [protocolVariable, protocol] = setting('PROTOCOL');
  if (protocol && protocol !== 'http/protobuf') {
    throw new ConfigError(`${protocolVariable} must be http/protobuf, but is '${protocol}'`);
  }
  return { timeoutMs: setting('TIMEOUT')[1] ? undefined : defaultTimeoutMs };
}
