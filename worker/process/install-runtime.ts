import type { Logger } from '@temporalio/common';
import { Runtime } from '@temporalio/worker';
import { ConfigError } from '../../config/config-error.js';
import { reasonOf } from '../../config/why-unreachable.js';
import type { WorkerConfig } from '../../config/worker.js';
import { prometheusMetrics } from './metrics.js';

/**
 * Installs the SDK's runtime. Call it once per process, before anything connects.
 *
 * @throws {@link ConfigError} if metrics can't be served
 */
export function installRuntime({ metricsEndpoint }: WorkerConfig, logger: Logger): Runtime {
  try {
    return Runtime.install({
      logger,
      telemetryOptions: {
        // Forwards the log of the SDK's native part, only warnings and errors: its other lines contain payloads.
        logging: { forward: {} },
        ...(metricsEndpoint && { metrics: prometheusMetrics(metricsEndpoint) }),
      },
    });
  } catch (error) {
    throw new ConfigError(`can't serve metrics (WORKER_HTTP_HOST, WORKER_METRICS_PORT): ${reasonOf(error)}`);
  }
}
