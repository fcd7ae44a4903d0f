import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { PayloadMessage } from './proto.js';

const encoding = 'binary/zlib';

/** In bytes. Smaller payloads gain little, and stay readable where nothing else encodes them. */
const smallest = 64 * 1024;

/** In bytes. A few KB can inflate to gigabytes; what is larger than the contract's largest input is none of ours. */
const largestInflated = 256 * 1024 * 1024;

/**
 * Compresses large payloads, in the format of the Go SDK's zlib codec: metadata `encoding` `binary/zlib`; data: the whole
 * payload as protobuf, deflated. Goes before the encryption: ciphertext does not compress.
 */
export class ZlibCodec implements PayloadCodec {
  encode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(payloads.map(compress));
  }

  decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(payloads.map(decompress));
  }
}

async function compress(payload: Payload): Promise<Payload> {
  if ((payload.data?.length ?? 0) < smallest) return payload;
  const whole = PayloadMessage.encode(payload).finish();
  const data = await promisify(deflate)(whole);
  return data.length < whole.length ? { metadata: { encoding: Buffer.from(encoding) }, data } : payload;
}

async function decompress(payload: Payload): Promise<Payload> {
  if (Buffer.from(payload.metadata?.encoding ?? []).toString() !== encoding) return payload;
  const options = { maxOutputLength: largestInflated };
  return PayloadMessage.decode(await promisify(inflate)(payload.data ?? Buffer.alloc(0), options));
}
