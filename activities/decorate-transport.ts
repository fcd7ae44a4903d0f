import { notingWrites } from './heartbeats.js';
import { counted } from './nested-server/counted.js';
import { readingTwice } from './nested-server/reading-twice.js';
import { traced } from './nested-server/traced.js';
import type { Transport } from './nested-server/transport.js';

/**
 * A transport as the activities send with it, be it ours or a caller's own. A read that was reset is sent again, and each
 * time it is sent is counted, and has a span.
 */
export function decorateTransport(transport: Transport, writeHeartbeatIntervalMs: number): Transport {
  return readingTwice(counted(traced(notingWrites(transport, writeHeartbeatIntervalMs))));
}
