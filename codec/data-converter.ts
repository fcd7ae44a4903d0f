import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { limits } from '../contract/limits.js';
import { EncryptionCodec, type EncryptionKeys } from './encryption-codec.js';
import { strictCodecs } from './strict-codecs.js';
import { Throttle } from './throttle.js';
import { type OnUnreadable, TolerantCodec } from './tolerant-codec.js';
import { ZlibCodec } from './zlib-codec.js';

export const encodedFailuresPath = fileURLToPath(new URL('./encoded-failures.cjs', import.meta.url));

/**
 * A worker needs ten times a large payload's bytes for a while. Up to forty workflow tasks run at a time; the rate
 * keeps them from decompressing large payloads together.
 */
const inflatedBytesPerSecond = 40 * 1024 * 1024;

/**
 * A data converter for a worker: a payload that can't be decoded becomes a value that says so, instead of failing the
 * workflow task. See {@link TolerantCodec}.
 */
export function forWorker(dataConverter: DataConverter = {}, onUnreadable?: OnUnreadable): DataConverter {
  const throttle = new Throttle(inflatedBytesPerSecond);
  const codecs = strictCodecs(dataConverter.payloadCodecs ?? []).map((codec) =>
    codec instanceof ZlibCodec ? new ZlibCodec(limits.inflatedBytes, throttle) : codec,
  );
  return { ...dataConverter, payloadCodecs: [new TolerantCodec(codecs, onUnreadable)] };
}

/**
 * The data converter of a client. Compresses large payloads. With keys, it encrypts everything, including the messages
 * and stack traces of failures.
 *
 * A worker needs the matching workflow bundle: see `workflowBundleFor`.
 */
export function dataConverterFor(keys: EncryptionKeys): DataConverter {
  return {
    payloadCodecs: [new ZlibCodec(), new EncryptionCodec(keys)],
    ...(keys.size > 0 && { failureConverterPath: encodedFailuresPath }),
  };
}

/** The data converter of a worker: {@link dataConverterFor} with {@link forWorker}. */
export function workerDataConverterFor(keys: EncryptionKeys): DataConverter {
  return forWorker(dataConverterFor(keys));
}
