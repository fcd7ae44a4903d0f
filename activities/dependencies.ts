import type { ClaimCheck } from '../codec/claim-check.js';
import type { Transport } from './nested-server/transport.js';

/** What the activities need besides their input. */
export interface ActivityDependencies {
  /** Sends the requests to nested servers. */
  readonly transport: Transport;
  /** The maximum number of activities at a time for one `apiUrl`. Others are retried later. @default 10 */
  readonly maximumPerServer?: number | undefined;
  /** The heartbeat interval while a write is in flight, as a duration string. @default '10 seconds' */
  readonly writeHeartbeatInterval?: string | undefined;
  /** The store where clients leave replays that are too large for Temporal. @default none */
  readonly claimCheck?: ClaimCheck | undefined;
}
