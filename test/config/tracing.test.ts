import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConfigError } from '../../config/config-error.js';
import { loadTracingConfig } from '../../config/tracing.js';

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' };

describe('tracing is off', () => {
  for (const [name, env] of Object.entries({
    'if no endpoint is set': { OTEL_TRACES_EXPORTER: 'otlp' },
    'if the exporter is none': { ...endpoint, OTEL_TRACES_EXPORTER: 'none' },
    'if the SDK is disabled': { ...endpoint, OTEL_SDK_DISABLED: 'TRUE' },
  })) {
    test(name, () => assert.equal(loadTracingConfig(env), undefined));
  }
});

test('settings for traces override settings for all signals', () => {
  const env = {
    ...endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '500',
  };
  assert.deepEqual(loadTracingConfig(env), { timeoutMs: undefined });
});

describe('an invalid setting is reported by name:', () => {
  for (const [complaint, env] of [
    [/^OTEL_EXPORTER_OTLP_ENDPOINT must be a URL such as \S+$/, { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }],
    [/^OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must be a URL/, { ...endpoint, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: '/v1' }],
    [
      /^OTEL_EXPORTER_OTLP_PROTOCOL must be http\/protobuf, but is 'grpc'$/,
      { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    ],
    [/^OTEL_TRACES_EXPORTER must be otlp or none, but is 'zipkin'$/, { ...endpoint, OTEL_TRACES_EXPORTER: 'zipkin' }],
  ] as const) {
    test(String(complaint), () => {
      assert.throws(
        () => loadTracingConfig(env),
        (error) => error instanceof ConfigError && complaint.test(error.message),
      );
    });
  }
});
