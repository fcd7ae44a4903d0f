import { toMilliseconds } from '../contract/duration.js';
import { limits } from '../contract/limits.js';

/** Time for a readiness check to read its answer and report, after its timeout. */
const lookMarginMs = 10_000;

/** 70 seconds: longer than the longest readiness check that an input can request, so that none is lost. */
export const defaultShutdownGraceTime =
  `${(toMilliseconds(limits.maximumLookTimeout) + lookMarginMs) / 1000} seconds` as const;

/** Values from measurements: see docs/performance.md. */
export const tuning = {
  maxCachedWorkflows: 500,
  // A slow server occupies up to ten slots, its maximum number of activities. At most a hundred more activities wait
  // for a server. So it takes thirty slow servers to fill these slots.
  maxActivities: 400,
  // An activity learns of its cancellation with a heartbeat. The default throttle would delay that by 12 s.
  maxHeartbeatThrottleInterval: '2 seconds',
} as const;
