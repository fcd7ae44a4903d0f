import type { PayloadCodec } from '@temporalio/common';
import { TolerantCodec } from './tolerant-codec.js';

/** The codecs of a client, which throw when a payload can't be decoded. */
export function strictCodecs(codecs: readonly PayloadCodec[]): PayloadCodec[] {
  return codecs.flatMap((codec) => (codec instanceof TolerantCodec ? codec.codecs : [codec]));
}
