import { readFileSync } from 'node:fs';
import type { WorkerConfig } from '../../config/worker.js';

/** The settings that a worker logs when it starts. No secrets: only the ids of encryption keys. */
export function about(config: WorkerConfig): Record<string, unknown> {
  const { connectionOptions, namespace, taskQueue, encryptionKeyIds, deploymentVersion } = config;
  return {
    version: packageVersion(),
    address: connectionOptions.address,
    namespace,
    taskQueue,
    encryption: encryptionKeyIds.length > 0 ? 'on' : 'off',
    encryptionKeyIds,
    ...deploymentVersion,
  };
}

function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version;
}
