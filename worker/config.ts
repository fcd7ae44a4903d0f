import type { Duration } from '@temporalio/common';
import { ConfigError } from '../config/config-error.js';
import { loadTemporalConfig, type TemporalConfig } from '../config/temporal.js';
import { parseDuration } from '../contract/duration.js';
import { defaultShutdownGraceTime } from './create-worker.js';

export interface WorkerConfig extends TemporalConfig {
  readonly shutdownGraceTime: Duration;
}

/**
 * The worker's settings: Temporal's (see {@link loadTemporalConfig}), and `WORKER_SHUTDOWN_GRACE_TIME`, how long work
 * in progress may go on after SIGTERM (a Temporal duration string, default `30 seconds`).
 *
 * @throws {@link ConfigError}
 */
export function loadWorkerConfig(env: NodeJS.ProcessEnv = process.env): WorkerConfig {
  const graceTime = env.WORKER_SHUTDOWN_GRACE_TIME || defaultShutdownGraceTime;
  if ((parseDuration(graceTime) ?? -1) < 0) {
    throw new ConfigError(`WORKER_SHUTDOWN_GRACE_TIME must be a duration such as '30 seconds', and is '${graceTime}'`);
  }
  return { ...loadTemporalConfig(env), shutdownGraceTime: graceTime as Duration };
}
