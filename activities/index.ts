/** `nested-conversations/activities`: to run the activities in your own worker, beside other activities. */

// What a worker registers, and its dependencies.
export { ClaimCheck } from '../codec/claim-check.js';
// Where the activities may send requests.
export { type EgressPolicy, parseEgressPolicy } from '../egress/egress-policy.js';
export { createActivities } from './activities.js';
export type { ActivityDependencies } from './dependencies.js';
export type { Activities } from './interface.js';
export { createTransport, type Transport, type TransportOptions } from './nested-server/transport.js';
