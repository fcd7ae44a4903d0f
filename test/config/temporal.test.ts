import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadTemporalConfig } from '../../config/temporal.js';

const load = (env: NodeJS.ProcessEnv) => loadTemporalConfig({ TEMPORAL_CONFIG_FILE: '', HOME: '/nowhere', ...env });

describe('a boolean setting:', () => {
  for (const variable of ['TEMPORAL_TLS', 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION', 'ALLOW_PLAINTEXT_PAYLOADS']) {
    for (const value of ['maybe', 'True', 'yes', ' true']) {
      test(`${variable}=${value} is rejected`, () => {
        const message = `${variable} must be true or false, but is '${value}'`;
        assert.throws(() => load({ [variable]: value }), { name: 'ConfigError', message });
      });
    }
  }

  for (const [value, isOn] of [
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
    ['', false],
  ] as const) {
    test(`TEMPORAL_TLS=${value} turns TLS ${isOn ? 'on' : 'off'}`, () => {
      assert.equal(Boolean(load({ TEMPORAL_TLS: value }).connectionOptions.tls), isOn);
    });
  }

  test('an API key turns TLS on, even if TEMPORAL_TLS is empty', () => {
    assert.ok(load({ TEMPORAL_TLS: '', TEMPORAL_API_KEY: 'key' }).connectionOptions.tls);
  });
});

test('an empty variable counts as not set', () => {
  const { connectionOptions, namespace } = load({ TEMPORAL_ADDRESS: '', TEMPORAL_NAMESPACE: '', TEMPORAL_API_KEY: '' });
  assert.deepEqual(
    [connectionOptions.address, namespace, connectionOptions.apiKey],
    ['localhost:7233', 'default', undefined],
  );
});
