import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { limits } from '../contract/limits.js';
import { maximumMetadataEntries } from './payload-size.js';
import { PayloadMessage } from './proto.js';
import type { Throttle } from './throttle.js';

const encoding = 'binary/zlib';

/** In bytes. Smaller payloads gain little, and stay readable if they are not encrypted. */
const smallest = 64 * 1024;

/**
 * In bytes, twice the contract's largest replay, as escaped in JSON. The bound for decompressing from a payload store;
 * larger data is not compressed either.
 */
export const largestInflated = 128 * 1024 * 1024;

/**
 * Compresses large payloads, in the format of the Go SDK's zlib codec. Metadata: `encoding` `binary/zlib`. Data: the
 * whole payload as protobuf, deflated. Runs before encryption, since ciphertext does not compress.
 */
export class ZlibCodec implements PayloadCodec {
  /**
   * @param inflatedBytes Total decompressed size of a call's payloads: a few KB can decompress to gigabytes.
   * @param throttle Limits the rate of decompression across calls. @default no limit
   */
  constructor(
    private readonly inflatedBytes: number = limits.inflatedBytes,
    private readonly throttle?: Throttle,
  ) {}

  encode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(payloads.map(compress));
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    let left = this.inflatedBytes;
    const decoded: Payload[] = [];
    for (const payload of payloads) {
      if (!isCompressed(payload)) {
        decoded.push(payload);
        continue;
      }
      const maxOutputLength = Math.max(left, 1);
      const work = () => promisify(inflate)(payload.data ?? Buffer.alloc(0), { maxOutputLength });
      const whole = this.throttle ? await this.throttle.run(work) : await work();
      left -= whole.length;
      if (hasMoreMetadata(whole))
        throw new RangeError(
          `it has more than ${maximumMetadataEntries} entries of metadata, or fields that no payload has`,
        );
      decoded.push(PayloadMessage.decode(whole));
    }
    return decoded;
  }
}

async function compress(payload: Payload): Promise<Payload> {
  const size = payload.data?.length ?? 0;
  if (size < smallest || size > largestInflated) return payload;
  const whole = PayloadMessage.encode(payload).finish();
  const data = await promisify(deflate)(whole);
  return data.length < whole.length ? { metadata: { encoding: Buffer.from(encoding) }, data } : payload;
}

/**
 * Whether a payload's protobuf has so many metadata entries that their objects would take a hundred times its bytes.
 */
function hasMoreMetadata(whole: Buffer): boolean {
  let at = 0;
  /** `undefined` for more than ten bytes, which no protobuf number has and which a decoder may skip. */
  const varint = () => {
    let value = 0;
    for (let factor = 1, bytes = 0; bytes < 10; factor *= 128, bytes++) {
      const byte = whole[at++] ?? 0;
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
    return undefined;
  };
  for (let entries = 0; at < whole.length; ) {
    const tag = varint();
    if (tag === metadataTag && ++entries > maximumMetadataEntries) return true;
    const length = tag === undefined ? undefined : lengthOf[tag % 8]?.(varint);
    // Groups, for example. No payload has them, and the fields after them would not be counted.
    if (length === undefined) return true;
    at += length;
  }
  return false;
}

/** Field 1, length-delimited. */
const metadataTag = 0x0a;

/** By wire type, the number of bytes that remain of a field after its length, or for a varint its value, was read. */
const lengthOf: Record<number, (varint: () => number | undefined) => number | undefined> = {
  0: (varint) => (varint() === undefined ? undefined : 0),
  1: () => 8,
  2: (varint) => varint(),
  5: () => 4,
};

export function isCompressed({ metadata }: Payload): boolean {
  return Buffer.from(metadata?.encoding ?? []).toString() === encoding;
}
