import { isIPv6 } from 'node:net';
import type { MetricsExporterConfig } from '@temporalio/worker';
import type { Endpoint } from '../../config/worker.js';
import { metricNames } from '../../contract/metrics.js';

/** From conversations that are ready at once, through setup scripts that take ten minutes, up to one hour. */
const secondsToReady = [1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 3600];

/** Up to the default maximum of 60 readiness checks, and beyond. */
const looks = [1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 120, 300, 600];

/** Serves the SDK's metrics and our own at the endpoint's `/metrics`. */
export function prometheusMetrics({ host, port }: Endpoint): MetricsExporterConfig {
  return {
    prometheus: {
      bindAddress: isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`,
      histogramBucketOverrides: {
        [metricNames.timeToReady]: secondsToReady,
        [metricNames.looks]: looks,
      },
    },
  };
}
