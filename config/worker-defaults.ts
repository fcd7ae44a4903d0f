import { toMilliseconds } from '../contract/duration.js';
import { limits } from '../contract/limits.js';

/** What a look does beyond its deadline: it reads its answer, and reports. */
const lookMarginMs = 10_000;

/** 70 seconds: longer than the longest look that an input can ask for, so that none is lost. */
export const defaultShutdownGraceTime =
  `${(toMilliseconds(limits.maximumLookTimeout) + lookMarginMs) / 1000} seconds` as const;

/** What has shown in measurements: see docs/performance.md. */
export const tuning = {
  maxCachedWorkflows: 500,
  // A slow server holds as many slots as it may have activities, ten, and at most a hundred wait for room in all: so
  // thirty of them are needed to fill these.
  maxActivities: 400,
  // A cancellation reaches an activity with its heartbeat: the default throttle would hold it for 12 s.
  maxHeartbeatThrottleInterval: '2 seconds',
} as const;
