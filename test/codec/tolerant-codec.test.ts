import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { workerDataConverterFor } from '../../codec/data-converter.js';
import { limits } from '../../contract/limits.js';
import { whyUndecodable } from '../../contract/unreadable.js';
import { payload, protobufOf, withMetadata, zlib } from '../worker/payload-kinds.js';

/** The total size of all payloads of one activation is bounded, whatever they consist of. */

const context = () => ({ type: 'workflow' as const, namespace: 'default', workflowId: 'conversation-1' });

/** Decodes the payloads of one activation. Returns, for each, the reason why it can't be decoded, or undefined. */
async function decodedTogether(payloads: Payload[]): Promise<(string | undefined)[]> {
  const { payloadCodecs: [codec] = [] } = workerDataConverterFor(new Map());
  assert(codec);
  const activation = context();
  const decoded = await Promise.all(payloads.map((one) => codec.decode([one], activation)));
  return decoded.flat().map((one) => whyUndecodable(defaultPayloadConverter.fromPayload(one)));
}

describe('in the payloads of one activation', () => {
  const tooMuch = new RegExp(`comes to more than ${limits.activationBytes} bytes`);
  const kinds: [what: string, one: Payload, bytes: number, count: number][] = [
    ['metadata', zlib(withMetadata(3_000_000)), 3_000_000, 10],
    ['uncompressed metadata', payload('json/plain', '1', { a: 'x'.repeat(1_000_000) }), 1_000_000, 20],
    ['many small compressed payloads', zlib(protobufOf(`"${'x'.repeat(60_000)}"`)), 60_000, 300],
    ['large payloads', zlib(protobufOf(`"${'x'.repeat(3_000_000)}"`)), 3_000_000, 10],
  ];
  for (const [what, one, bytes, count] of kinds) {
    test(`the size of ${what} counts`, async () => {
      const reasons = await decodedTogether(Array.from({ length: count }, () => one));
      const fit = Math.floor(limits.activationBytes / bytes);
      assert.equal(reasons.filter((reason) => reason === undefined).length, fit);
      for (const reason of reasons.slice(fit)) assert.match(String(reason), tooMuch);
    });
  }

  test('nothing is inflated after the limit is reached', async () => {
    const large = zlib(protobufOf(`"${'x'.repeat(3_000_000)}"`));
    const garbage = payload('binary/zlib', 'not zlib');
    const small = payload('json/plain', '1');
    const reasons = await decodedTogether([large, large, large, garbage, small]);
    assert.match(String(reasons[3]), tooMuch);
    assert.equal(reasons[4], undefined);
  });

  test('the size of small uncompressed payloads does not count', async () => {
    const small = payload('json/plain', `"${'x'.repeat(60_000)}"`);
    const reasons = await decodedTogether(Array.from({ length: 300 }, () => small));
    assert(reasons.every((reason) => reason === undefined));
  });

  test('the number of payloads per call is limited, and the rest is left out', async () => {
    const { payloadCodecs: [codec] = [] } = workerDataConverterFor(new Map());
    const decoded = await codec?.decode(Array.from({ length: 100_000 }, () => payload('json/plain', '1')));
    assert.equal(decoded?.length, 101);
    const reason = whyUndecodable(defaultPayloadConverter.fromPayload(decoded[100] as Payload));
    assert.equal(reason, 'behind 100 payloads there are others');
  });

  test('the number of metadata entries per payload is limited, even without compression', async () => {
    const entries = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`key-${index}`, 'a']));
    assert.match(String((await decodedTogether([payload('json/plain', '1', entries)]))[0]), /100 entries of metadata/);
  });
});
