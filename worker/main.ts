import type { Logger } from '@temporalio/common';
import { NativeConnection, type Worker } from '@temporalio/worker';
import { ConfigError } from '../config/config-error.js';
import { loadTracingConfig } from '../config/tracing.js';
import { reasonOf, whyUnreachable } from '../config/why-unreachable.js';
import { loadWorkerConfig, type WorkerConfig } from '../config/worker.js';
import { startTracing } from '../tracing/start-tracing.js';
import { createWorker } from './create-worker.js';
import { about } from './process/about.js';
import { hasCurrentVersion } from './process/current-version.js';
import { startHealthServer } from './process/health-server.js';
import { installRuntime } from './process/install-runtime.js';
import { createLogger } from './process/logger.js';
import { TemporalOutage } from './process/temporal-outage.js';
import { askTemporal, whyNotReady } from './process/why-not-ready.js';

/** `npm run worker`: runs until SIGTERM or SIGINT, then drains and exits with 0. */
async function main(): Promise<void> {
  const config = loadWorkerConfig();
  const logger = createLogger(config.logLevel);
  let connection: NativeConnection | undefined;
  let worker: Worker | undefined;
  const outage = new TemporalOutage(logger, async () => connection && askTemporal(connection));
  const runtime = installRuntime(config, outage.logger);
  const stopTracing = await startTracing('nested-conversations-worker', loadTracingConfig());
  const { healthEndpoint } = config;
  const healthServer =
    healthEndpoint && (await startHealthServer(healthEndpoint, () => whyNotReady(worker, connection)));
  try {
    connection = await connect(config);
    await warnWithoutCurrentVersion(connection, config, logger);
    worker = await createWorker({ connection, ...config });
    logger.info('Worker started', about(config));
    await worker.run();
  } finally {
    // A failed worker does not shut down the runtime, which buffers log lines for a moment to sort them.
    runtime.flushLogs();
    outage.end();
    await connection?.close();
    healthServer?.close().closeAllConnections();
    await stopTracing();
  }
  logger.info('Worker stopped');
}

async function connect({ connectionOptions, namespace }: WorkerConfig): Promise<NativeConnection> {
  const { address } = connectionOptions;
  const connection = await NativeConnection.connect(connectionOptions).catch(async (error: unknown) => {
    throw new ConfigError(await whyUnreachable(connectionOptions, error));
  });
  await connection.workflowService
    .describeNamespace({ namespace })
    .catch(explain(`can't work in namespace '${namespace}' (TEMPORAL_NAMESPACE) at ${address}`));
  return connection;
}

/** Warns if the worker's deployment has no current version: the worker gets no work then, and nothing else says why. */
async function warnWithoutCurrentVersion(
  connection: NativeConnection,
  { namespace, deploymentVersion }: WorkerConfig,
  logger: Logger,
): Promise<void> {
  if (!deploymentVersion) return;
  const { deploymentName, buildId } = deploymentVersion;
  const hasCurrent = await hasCurrentVersion(connection, { namespace, deploymentName }).catch(
    explain(`can't work in deployment '${deploymentName}' (TEMPORAL_DEPLOYMENT_NAME)`),
  );
  if (hasCurrent) return;
  logger.warn(
    `no version of ${deploymentName} is current, so it gets no new conversations until one is: ` +
      `temporal worker deployment set-current-version --namespace ${namespace} --deployment-name ${deploymentName} --build-id ${buildId}`,
  );
}

function explain(problem: string) {
  return (error: unknown): never => {
    throw new ConfigError(`${problem}: ${reasonOf(error)}`);
  };
}

main().catch((error: unknown) => {
  // A person who has just changed a setting reads this, so it is plain text.
  if (error instanceof ConfigError) console.error(`nested-conversations worker: ${error.message}`);
  else createLogger('ERROR').error('Worker failed', { error });
  // After a failure the SDK's runtime keeps running, and the process would not exit by itself.
  process.exit(1);
});
