import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Payload } from '@temporalio/common';
import fc from 'fast-check';
import { EncryptionCodec } from '../../codec/encryption-codec.js';
import { contentOf, metadataOf, payloadOf } from './payloads.js';

const key = (seed: number) => createSecretKey(Buffer.from(Array.from({ length: 32 }, (_, index) => index + seed)));
const codecWith = (...ids: [string, number][]) =>
  new EncryptionCodec(new Map(ids.map(([id, seed]) => [id, key(seed)])));

const codec = codecWith(['k1', 0]);

/** `"from Python"` as encoded by the encryption sample of Temporal's Python SDK, with the key of `codec`. */
const fromPython = {
  metadata: { encoding: Buffer.from('binary/encrypted'), 'encryption-key-id': Buffer.from('k1') },
  data: Buffer.from(
    'AAECAwQFBgcICQoLTRTcE6CLoXTpKPnso+MSHuy4qEScGjYSKmrH428GbZJRadqUwK8wzl6K3O5Nff1Eow0BcE+JQA==',
    'base64',
  ),
};

describe('an encrypted payload', () => {
  test('decrypts to the original', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), async (values) => {
        const decoded = await codec.decode(await codec.encode(values.map(payloadOf)));
        assert.deepEqual(decoded.map(contentOf), JSON.parse(JSON.stringify(values)));
        assert.deepEqual(
          decoded.map(metadataOf),
          values.map(() => ({ encoding: 'json/plain' })),
        );
      }),
    );
  });

  test('shows only its encoding and the id of its key', async () => {
    const [encrypted] = await codec.encode([payloadOf('Fix the build')]);
    assert(encrypted);
    assert.deepEqual(metadataOf(encrypted), { encoding: 'binary/encrypted', 'encryption-key-id': 'k1' });
    assert(!Buffer.from(encrypted.data ?? []).includes('Fix'));
  });

  test('differs each time', async () => {
    const [one, other] = await codec.encode([payloadOf('same'), payloadOf('same')]);
    assert.notDeepEqual(one?.data, other?.data);
  });

  test('can come from another SDK', async () => {
    const [decoded] = await codec.decode([fromPython]);
    assert(decoded);
    assert.equal(contentOf(decoded), 'from Python');
  });

  test('stays readable after another key has become active', async () => {
    const old = await codec.encode([payloadOf('old')]);
    const rotated = codecWith(['k2', 7], ['k1', 0]);
    const [decoded] = await rotated.decode(old);
    assert(decoded);
    assert.equal(contentOf(decoded), 'old');
    const [encoded] = await rotated.encode([payloadOf('new')]);
    assert(encoded);
    assert.equal(metadataOf(encoded)['encryption-key-id'], 'k2');
  });
});

test('a payload that is not encrypted is passed through', async () => {
  assert.deepEqual(await codec.decode([payloadOf('plain')]), [payloadOf('plain')]);
});

test('nothing is encrypted without keys', async () => {
  assert.deepEqual(await codecWith().encode([payloadOf('plain')]), [payloadOf('plain')]);
});

describe('a payload that cannot be decrypted is an error that says why:', () => {
  const changed = (offset: number) => {
    const data = Buffer.from(fromPython.data);
    data.writeUInt8(data.readUInt8(offset) ^ 1, offset);
    return { ...fromPython, data };
  };
  const neverWas = /^it is marked as encrypted, but has no key id/;
  const { encoding } = fromPython.metadata;
  const cases: { name: string; codec?: EncryptionCodec; payload?: Payload; reason: RegExp }[] = [
    { name: 'no key is set', codec: codecWith(), reason: /with key 'k1': no key is set \(PAYLOAD_ENCRYPTION_KEYS\)$/ },
    { name: 'its key is missing', codec: codecWith(['k2', 7], ['k3', 8]), reason: /'k1': the keys here are k2,k3$/ },
    { name: 'its key has changed', codec: codecWith(['k1', 7]), reason: /its key 'k1' was another one/ },
    { name: 'its nonce was changed', payload: changed(0), reason: /it was changed/ },
    { name: 'its ciphertext was changed', payload: changed(20), reason: /it was changed/ },
    { name: 'its tag was changed', payload: changed(fromPython.data.length - 1), reason: /it was changed/ },
    {
      name: 'it was truncated',
      payload: { ...fromPython, data: fromPython.data.subarray(0, 40) },
      reason: /it was changed/,
    },
    {
      name: 'it was truncated to its nonce',
      payload: { ...fromPython, data: fromPython.data.subarray(0, 20) },
      reason: neverWas,
    },
    { name: 'it is empty', payload: { ...fromPython, data: Buffer.alloc(0) }, reason: neverWas },
    { name: 'it names no key', payload: { ...fromPython, metadata: { encoding } }, reason: neverWas },
  ];
  for (const { name, codec: its = codec, payload = fromPython, reason } of cases) {
    test(name, () => assert.rejects(its.decode([payload]), { message: reason }));
  }
});
