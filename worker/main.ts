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

/** `npm run worker`: runs until SIGTERM or SIGINT, then drains and exits 0. */
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
    // A worker that failed leaves the runtime up, with the lines that it holds back for a moment to sort them.
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

/** A versioned worker whose deployment has no current version idles, and conversations wait: nothing else tells why. */
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
  // A wrong setting is fixed by the person who has just set it, and who reads this.
  if (error instanceof ConfigError) console.error(`nested-conversations worker: ${error.message}`);
  else createLogger('ERROR').error('Worker failed', { error });
  // A worker that could not be made, or failed, leaves the SDK's runtime running: the process would not end by itself.
  process.exit(1);
});
