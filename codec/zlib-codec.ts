import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { PayloadMessage } from './proto.js';

const encoding = 'binary/zlib';

/** In bytes. Smaller payloads gain little, and stay readable where nothing else encodes them. */
const smallest = 64 * 1024;

/**
 * In bytes, for all payloads of a call together: a few KB can inflate to gigabytes. Twice the contract's largest replay, as
 * JSON writes it; what is larger is not compressed either.
 */
const largest = 128 * 1024 * 1024;

/**
 * Compresses large payloads, in the format of the Go SDK's zlib codec: metadata `encoding` `binary/zlib`; data: the whole
 * payload as protobuf, deflated. Goes before the encryption: ciphertext does not compress.
 */
export class ZlibCodec implements PayloadCodec {
  encode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(payloads.map(compress));
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    let left = largest;
    const decoded: Payload[] = [];
    for (const payload of payloads) {
      if (!isCompressed(payload)) {
        decoded.push(payload);
        continue;
      }
      const whole = await promisify(inflate)(payload.data ?? Buffer.alloc(0), { maxOutputLength: Math.max(left, 1) });
      left -= whole.length;
      decoded.push(PayloadMessage.decode(whole));
    }
    return decoded;
  }
}

async function compress(payload: Payload): Promise<Payload> {
  const size = payload.data?.length ?? 0;
  if (size < smallest || size > largest) return payload;
  const whole = PayloadMessage.encode(payload).finish();
  const data = await promisify(deflate)(whole);
  return data.length < whole.length ? { metadata: { encoding: Buffer.from(encoding) }, data } : payload;
}

function isCompressed({ metadata }: Payload): boolean {
  return Buffer.from(metadata?.encoding ?? []).toString() === encoding;
}
