import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { Payload } from '@temporalio/common';

/** Payloads that can't or should not be decoded, by the reason. */

export function payload(
  encoding: string | undefined,
  data: string | Uint8Array,
  more: Record<string, string> = {},
): Payload {
  const metadata = { ...(encoding !== undefined && { encoding }), ...more };
  return {
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text)])),
    data: Buffer.from(data as string),
  };
}

export const json = (text: string | Uint8Array) => payload('json/plain', text);

/** Field 1 is the metadata, field 2 the data. */
export function protobufOf(text: string | Uint8Array): Buffer {
  const data = Buffer.from(text as string);
  const encoding = Buffer.from('\x0a\x16\x0a\x08encoding\x12\x0ajson/plain', 'latin1');
  return Buffer.concat([encoding, Buffer.from([0x12]), varint(data.length), data]);
}

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) + 128);
  }
}

/** A payload with this many bytes in a metadata field, and very little data. */
export function withMetadata(bytes: number): Buffer {
  const entry = Buffer.concat([Buffer.from('\x0a\x01a\x12', 'latin1'), varint(bytes), Buffer.alloc(bytes, 1)]);
  return Buffer.concat([protobufOf('1'), Buffer.from([0x0a]), varint(entry.length), entry]);
}

export const zlib = (whole: Uint8Array) => payload('binary/zlib', deflateSync(whole));

const megabytes = (count: number) => count * 1024 * 1024;

export const undecodable: readonly [what: string, make: () => Payload][] = [
  ['NaN in JSON', () => json('{"apiUrl":"http://h","sid":"a","userId":"u","settings":{"mcpConfig":{"a":NaN}}}')],
  ['Infinity in JSON', () => json('{"a":-Infinity}')],
  ['a byte order mark', () => json('\ufeff{"a":1}')],
  ['truncated JSON', () => json('{"a":[1,2')],
  ['no data at all', () => json('')],
  ['an unknown encoding', () => payload('json/newest', '{}')],
  ['an encoding with terminal escapes', () => payload('\u001b[31m"}', '{}')],
  ['an encoding of another SDK', () => payload('json/protobuf', '{}', { messageType: 'a.B' })],
  ['no encoding', () => payload(undefined, '{}')],
  ['truncated zlib', () => payload('binary/zlib', deflateSync(protobufOf('{"a":1}')).subarray(0, 20))],
  ['zlib that is something else', () => payload('binary/zlib', 'PK\u0003\u0004 not zlib')],
  ['zlib of something that is not a payload', () => zlib(Buffer.from('not a payload, but a text'))],
  ['zlib of nothing', () => zlib(Buffer.alloc(0))],
  [
    'zlib in zlib',
    () => zlib(Buffer.concat([Buffer.from('\x0a\x17\x0a\x08encoding\x12\x0bbinary/zlib\x12\x01x', 'latin1')])),
  ],
  ['120 MB in 120 KB', () => zlib(protobufOf(JSON.stringify('x'.repeat(megabytes(120)))))],
  ['200,000 entries of metadata', () => zlib(entriesOfMetadata(200_000))],
  ['4 MB of empty objects', () => zlib(protobufOf(`[${'{},'.repeat(1_300_000)}{}]`))],
  ['4 MB of brackets', () => zlib(protobufOf('['.repeat(4_000_000)))],
  ['JSON nested deeper than a stack', () => json(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
  ['1.9 MB of bytes', () => payload('binary/plain', Buffer.alloc(1_900_000, 1))],
  ['garbage labelled encrypted', () => payload('binary/encrypted', 'garbage')],
  ['random bytes labelled encrypted', () => payload('binary/encrypted', randomBytes(200))],
  ['garbage with a key id', () => payload('binary/encrypted', 'garbage', { 'encryption-key-id': 'test' })],
  ['JSON that claims to be locked', () => json('{"nested-conversations/locked":"by me"}')],
  ['JSON that claims to be undecodable', () => json('{"nested-conversations/undecodable":"me"}')],
];

function entriesOfMetadata(count: number): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, index) => {
      const key = Buffer.from(index.toString(36));
      return Buffer.concat([Buffer.from([0x0a, key.length + 2, 0x0a, key.length]), key]);
    }),
  );
}
