import { fileURLToPath } from 'node:url';
import type { DataConverter, PayloadCodec } from '@temporalio/common';
import { limits } from '../contract/limits.js';
import { oneLine } from '../contract/printing/one-line.js';
import { EncryptionCodec, type EncryptionKeys, LockedPayloadError } from './encryption-codec.js';
import { loadDataConverter } from './sdk-internals.js';
import { strictCodecs } from './strict-codecs.js';
import { Throttle } from './throttle.js';
import { TolerantCodec, type TolerantCodecOptions } from './tolerant-codec.js';
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
export function forWorker(
  dataConverter: DataConverter = {},
  options: Omit<TolerantCodecOptions, 'payloadConverter' | 'otherCodecs'> = {},
): DataConverter {
  const throttle = new Throttle(inflatedBytesPerSecond);
  const { payloadCodecs: otherCodecs = [] } = dataConverter;
  const codecs = strictCodecs(otherCodecs).map((codec) => {
    if (codec instanceof ZlibCodec) return new ZlibCodec(limits.inflatedBytes, throttle);
    return codec instanceof EncryptionCodec ? codec : withPassingErrors(codec);
  });
  const { payloadConverter } = loadDataConverter(dataConverter);
  return {
    ...dataConverter,
    payloadCodecs: [new TolerantCodec(codecs, { ...options, payloadConverter, otherCodecs })],
  };
}

/**
 * A codec of the service's own. Its error may pass, because it may ask a key service that does not answer for a moment.
 * So a payload that it can't decode is treated like one whose key is missing.
 */
function withPassingErrors(codec: PayloadCodec): PayloadCodec {
  return {
    encode: (payloads, context) => codec.encode(payloads, context),
    async decode(payloads, context) {
      try {
        return await codec.decode(payloads, context);
      } catch (error) {
        const reason = oneLine(error).slice(0, reasonCharacters);
        throw new LockedPayloadError(`a codec of this worker can't decode a payload: ${reason}`, { cause: error });
      }
    },
  };
}

/** The part of another codec's error that is shown. */
const reasonCharacters = 200;

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
