import { notingWrites } from './heartbeats.js';
import { counted } from './nested-server/counted.js';
import { readingTwice } from './nested-server/reading-twice.js';
import { traced } from './nested-server/traced.js';
import type { Transport } from './nested-server/transport.js';

/**
 * Adds to a transport, ours or the caller's, what every request needs: metrics, traces, heartbeats during a write, and
 * a second try for a read that was reset. Each try is counted and has its own span.
 */
export function decorateTransport(transport: Transport, writeHeartbeatIntervalMs: number): Transport {
  return readingTwice(counted(traced(notingWrites(transport, writeHeartbeatIntervalMs))));
}
