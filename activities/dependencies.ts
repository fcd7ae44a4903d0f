import type { ClaimCheck } from '../codec/claim-check.js';
import type { Transport } from './nested-server/transport.js';

/** What the activities work with beyond their input. */
export interface ActivityDependencies {
  /** Sends the requests to nested servers. */
  readonly transport: Transport;
  /** How many activities at a time may work on one `apiUrl`; what is more is tried again later. @default 10 */
  readonly maximumPerServer?: number | undefined;
  /** Time between two heartbeats while a write is in flight, a duration string. @default '10 seconds' */
  readonly writeHeartbeatInterval?: string | undefined;
  /** Where clients leave replays that are too large for Temporal. @default none */
  readonly claimCheck?: ClaimCheck | undefined;
}
