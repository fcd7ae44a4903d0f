import type { TracingConfig } from '../tracing/export-spans.js';
import { ConfigError } from './config-error.js';

/** Shorter than the SDK's 10 s, as a process that ends waits that long for a collector that is down. */
const defaultTimeoutMs = 2_000;

/**
 * OpenTelemetry's own environment variables, as far as somebody has to choose by them: traces go to
 * `OTEL_EXPORTER_OTLP_ENDPOINT` within `OTEL_EXPORTER_OTLP_TIMEOUT` (default 2 s), or as their twins
 * `OTEL_EXPORTER_OTLP_TRACES_…` say. `OTEL_EXPORTER_OTLP_PROTOCOL` can only be `http/protobuf`. The SDK reads the others. Nothing is traced without an endpoint, or with `OTEL_TRACES_EXPORTER=none` or `OTEL_SDK_DISABLED=true`.
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
    throw new ConfigError(`OTEL_TRACES_EXPORTER must be otlp or none, and is '${exporter}'`);
  }
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
    // Not repeated: it may carry a token.
    throw new ConfigError(`${endpointVariable} must be a URL such as http://localhost:4318`);
  }
  const [protocolVariable, protocol] = setting('PROTOCOL');
  if (protocol && protocol !== 'http/protobuf') {
    throw new ConfigError(`${protocolVariable} must be http/protobuf, and is '${protocol}'`);
  }
  return { timeoutMs: setting('TIMEOUT')[1] ? undefined : defaultTimeoutMs };
}
