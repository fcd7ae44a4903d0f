import type { Transport } from './nested-server/transport.js';

/** What the activities work with beyond their input. */
export interface ActivityDependencies {
  /** Sends the requests to nested servers. */
  readonly transport: Transport;
}
