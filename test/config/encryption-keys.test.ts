import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ConfigError } from '../../config/config-error.js';
import { loadEncryptionKeys } from '../../config/encryption-keys.js';
import { loadTemporalConfig } from '../../config/temporal.js';

const folder = mkdtempSync(join(tmpdir(), 'encryption-keys-'));
after(() => rmSync(folder, { recursive: true }));

const base64 = (fill: number, bytes = 32) => Buffer.alloc(bytes, fill).toString('base64');
const keysOf = (env: NodeJS.ProcessEnv) =>
  [...loadEncryptionKeys(env)].map(([id, key]) => [id, key.export().toString('base64')]);
const fileWith = (text: string) => {
  const file = join(folder, 'keys');
  writeFileSync(file, text);
  return file;
};

describe('the encryption keys', () => {
  test('are read in order, the active key first', () => {
    const PAYLOAD_ENCRYPTION_KEYS = `2026-11:${base64(2)},2025.1_a:${base64(1)}`;
    assert.deepEqual(keysOf({ PAYLOAD_ENCRYPTION_KEYS }), [
      ['2026-11', base64(2)],
      ['2025.1_a', base64(1)],
    ]);
  });

  test('are read from a file with one key per line', () => {
    const file = fileWith(`new:${base64(2)}\nold:${base64(1)}\n`);
    assert.deepEqual(keysOf({ PAYLOAD_ENCRYPTION_KEYS_FILE: file }), [
      ['new', base64(2)],
      ['old', base64(1)],
    ]);
  });

  test('are empty if nothing is set', () => {
    assert.deepEqual(keysOf({ PAYLOAD_ENCRYPTION_KEYS: '' }), []);
  });

  const mistakes: { name: string; env: () => NodeJS.ProcessEnv; complaint: RegExp }[] = [
    {
      name: 'a missing id',
      env: () => ({ PAYLOAD_ENCRYPTION_KEYS: base64(1) }),
      complaint: /^PAYLOAD_ENCRYPTION_KEYS: entry 1 must be id:base64, an id and 32 bytes as 'openssl rand -base64 32'/,
    },
    {
      name: 'a second key of 16 bytes',
      env: () => ({ PAYLOAD_ENCRYPTION_KEYS: `k1:${base64(1)},k2:${base64(1, 16)}` }),
      complaint: /^PAYLOAD_ENCRYPTION_KEYS: entry 2 must be id:base64/,
    },
    {
      name: 'one id for two keys',
      env: () => ({ PAYLOAD_ENCRYPTION_KEYS: `k1:${base64(1)},k1:${base64(2)}` }),
      complaint: /^PAYLOAD_ENCRYPTION_KEYS: id 'k1' is used for two keys/,
    },
    {
      name: 'an empty file',
      env: () => ({ PAYLOAD_ENCRYPTION_KEYS_FILE: fileWith('\n') }),
      complaint: /^PAYLOAD_ENCRYPTION_KEYS_FILE contains no key/,
    },
    {
      name: 'a file that does not exist',
      env: () => ({ PAYLOAD_ENCRYPTION_KEYS_FILE: join(folder, 'missing') }),
      complaint: /^PAYLOAD_ENCRYPTION_KEYS_FILE can't be read: ENOENT$/,
    },
    {
      name: 'a key instead of a file name',
      env: () => ({ PAYLOAD_ENCRYPTION_KEYS_FILE: `k1:${base64(1)}` }),
      complaint: /^PAYLOAD_ENCRYPTION_KEYS_FILE can't be read: ENOENT$/,
    },
    {
      name: 'both keys and a file',
      env: () => ({ PAYLOAD_ENCRYPTION_KEYS: `k1:${base64(1)}`, PAYLOAD_ENCRYPTION_KEYS_FILE: 'keys' }),
      complaint: /^PAYLOAD_ENCRYPTION_KEYS and PAYLOAD_ENCRYPTION_KEYS_FILE are both set/,
    },
  ];
  for (const { name, env, complaint } of mistakes) {
    test(`reject ${name} without repeating a key`, () => {
      assert.throws(
        () => loadEncryptionKeys(env()),
        (error) =>
          error instanceof ConfigError && complaint.test(error.message) && !/AQEBAQ|AgICAg/.test(error.message),
      );
    });
  }
});

describe('without encryption keys', () => {
  for (const address of ['localhost:7233', 'LOCALHOST:7233', '127.0.0.1:7233', '127.1.2.3:7233', '[::1]:7233']) {
    test(`payloads go to ${address}, which is this machine`, () => {
      assert.equal(loadTemporalConfig({ TEMPORAL_ADDRESS: address }).connectionOptions.address, address);
    });
  }

  for (const address of ['temporal:7233', '10.0.0.1:7233', 'localhost.example.com:7233', '127.0.0.1.nip.io:7233']) {
    test(`payloads do not go to ${address}`, () => {
      assert.throws(() => loadTemporalConfig({ TEMPORAL_ADDRESS: address }), {
        name: 'ConfigError',
        message:
          /unencrypted: set PAYLOAD_ENCRYPTION_KEYS or PAYLOAD_ENCRYPTION_KEYS_FILE, or ALLOW_PLAINTEXT_PAYLOADS=true$/,
      });
    });
  }

  test('large payloads do not go to a bucket', () => {
    assert.throws(() => loadTemporalConfig({ PAYLOAD_STORE: 's3://bucket/replays' }), {
      name: 'ConfigError',
      message:
        /^s3:\/\/bucket\/replays would be sent session keys or messages unencrypted: set PAYLOAD_ENCRYPTION_KEYS/,
    });
  });

  test('payloads go anywhere if that is explicitly allowed', () => {
    const env = { TEMPORAL_ADDRESS: 'temporal:7233', ALLOW_PLAINTEXT_PAYLOADS: 'true' };
    assert.equal(loadTemporalConfig(env).connectionOptions.address, 'temporal:7233');
  });
});

describe('an error does not repeat a credential in', () => {
  const mistakes: [name: string, env: NodeJS.ProcessEnv, complaint: RegExp][] = [
    ['TEMPORAL_API_KEY', { TEMPORAL_API_KEY: 'hunter2\n' }, /^TEMPORAL_API_KEY must be printable ASCII/],
    ['TEMPORAL_ADDRESS', { TEMPORAL_ADDRESS: 'https://ada:hunter2@h:7233' }, /but is 'https:\/\/\*\*\*@h:7233'$/],
    ['PAYLOAD_STORE', { PAYLOAD_STORE: 'https://ada:hunter2@h/b' }, /but is 'https:\/\/\*\*\*@h\/b'$/],
  ];
  for (const [name, env, complaint] of mistakes) {
    test(name, () => {
      assert.throws(
        () => loadTemporalConfig(env),
        (error) => error instanceof ConfigError && complaint.test(error.message) && !error.message.includes('hunter2'),
      );
    });
  }
});

test('payloads go anywhere with an encryption key', () => {
  const env = { TEMPORAL_ADDRESS: 'temporal:7233', PAYLOAD_ENCRYPTION_KEYS: `k1:${base64(1)}` };
  assert.equal(loadTemporalConfig(env).connectionOptions.address, 'temporal:7233');
});
