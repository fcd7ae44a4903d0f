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
 * What a worker does with a large payload takes ten times its bytes for a while. So that forty at once, as many as there
 * are workflow tasks at a time, don't do it at the same time.
 */
const inflatedBytesPerSecond = 40 * 1024 * 1024;

/**
 * The same for a worker, which must not fail over what somebody made up: what can't be decoded becomes a value that says
 * so. See {@link TolerantCodec}.
 */
export function forWorker(dataConverter: DataConverter = {}, onUnreadable?: OnUnreadable): DataConverter {
  const throttle = new Throttle(inflatedBytesPerSecond);
  const codecs = strictCodecs(dataConverter.payloadCodecs ?? []).map((codec) =>
    codec instanceof ZlibCodec ? new ZlibCodec(limits.inflatedBytes, throttle) : codec,
  );
  return { ...dataConverter, payloadCodecs: [new TolerantCodec(codecs, onUnreadable)] };
}

/**
 * How a client and a worker turn what they send into payloads, and back: large ones are compressed, and where there are
 * keys everything is encrypted, messages and stack traces of failures included.
 *
 * A worker needs the workflow bundle to match: see `workflowBundleFor`.
 */
export function dataConverterFor(keys: EncryptionKeys): DataConverter {
  return {
    payloadCodecs: [new ZlibCodec(), new EncryptionCodec(keys)],
    ...(keys.size > 0 && { failureConverterPath: encodedFailuresPath }),
  };
}

/** {@link dataConverterFor} as a worker has to have it: see {@link forWorker}. */
export function workerDataConverterFor(keys: EncryptionKeys): DataConverter {
  return forWorker(dataConverterFor(keys));
}
