import { NativeConnection } from '@temporalio/worker';
import { ConfigError, oneLine } from '../config/config-error.js';
import { loadWorkerConfig, type WorkerConfig } from './config.js';
import { createWorker } from './create-worker.js';

/** `npm run worker`: runs until SIGTERM or SIGINT, then drains and exits 0. */
async function main(): Promise<void> {
  const config = loadWorkerConfig();
  const connection = await connect(config);
  try {
    const worker = await createWorker({ connection, ...config });
    await worker.run();
  } finally {
    await connection.close();
  }
}

async function connect({ connectionOptions }: WorkerConfig): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(connectionOptions);
  } catch (error) {
    throw new ConfigError(`can't reach Temporal at ${connectionOptions.address} (TEMPORAL_ADDRESS): ${oneLine(error)}`);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? `nested-conversations worker: ${error.message}` : error);
  process.exitCode = 1;
});
