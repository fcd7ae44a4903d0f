import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { EncryptionCodec, type EncryptionKeys } from './encryption-codec.js';
import { ZlibCodec } from './zlib-codec.js';

export const encodedFailuresPath = fileURLToPath(new URL('./encoded-failures.cjs', import.meta.url));

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
