/** `nested-conversations/activities`: for a worker of one's own that runs them beside others. */

// What a worker registers, and what it gives them.
export { ClaimCheck } from '../codec/claim-check.js';
// Where they may send.
export { type EgressPolicy, parseEgressPolicy } from '../egress/egress-policy.js';
export { createActivities } from './activities.js';
export type { ActivityDependencies } from './dependencies.js';
export type { Activities } from './interface.js';
export { createTransport, type Transport, type TransportOptions } from './nested-server/transport.js';
