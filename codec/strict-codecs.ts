import type { PayloadCodec } from '@temporalio/common';
import { TolerantCodec } from './tolerant-codec.js';

/** The codecs as a client has them: for whoever is to hear of what can't be decoded. */
export function strictCodecs(codecs: readonly PayloadCodec[]): PayloadCodec[] {
  return codecs.flatMap((codec) => (codec instanceof TolerantCodec ? codec.codecs : [codec]));
}
