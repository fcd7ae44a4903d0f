import type { Client } from '@temporalio/client';
import { connectClient } from '../../client/connect.js';
import { loadWorkerConfig, type WorkerConfig } from '../../config/worker.js';
import { type Checked, check, type Finding, ok, type Verdict } from './check.js';
import { checkNestedServer, type NestedServerOptions } from './nested-server-check.js';
import { checkEncryption, checkNewestStart, checkPayloadStore } from './payload-checks.js';
import { checkNamespace, checkSearchAttributes, checkWorkers } from './temporal-checks.js';

/**
 * Checks everything that a conversation start needs. It only reads, and every check has a timeout. Skips checks that an
 * earlier problem makes impossible.
 */
export async function* diagnose(options: NestedServerOptions, env = process.env): AsyncGenerator<Finding> {
  const [settings, config] = await checkSettings(env);
  yield settings;
  if (!config) return;
  const [temporal, client] = await checkTemporal(config);
  yield temporal;
  if (client) {
    yield* checkNamespaceOf(client, config);
    await client.connection.close();
  }
  yield* run('encryption', async () => checkEncryption(config));
  yield* run('payload store', (signal) => checkPayloadStore(config, signal));
  if (options.apiUrl !== undefined) yield* run('nested server', (signal) => checkNestedServer(options, config, signal));
}

/** Reads the settings of a worker, which include those of a client. */
function checkSettings(env: NodeJS.ProcessEnv): Promise<Checked<WorkerConfig>> {
  return check('settings', async () => {
    const value = loadWorkerConfig(env);
    return { ...ok(`namespace '${value.namespace}', task queue ${value.taskQueue}`), value };
  });
}

function checkTemporal(config: WorkerConfig): Promise<Checked<Client>> {
  return check('Temporal', async () => {
    const value = await connectClient(config);
    const { serverVersion } = await value.workflowService.getSystemInfo({});
    return { ...ok(`version ${serverVersion} at ${config.connectionOptions.address}`), value };
  });
}

async function* checkNamespaceOf(client: Client, config: WorkerConfig): AsyncGenerator<Finding> {
  const [namespace] = await check('namespace', () => checkNamespace(client));
  yield namespace;
  if (namespace.verdict === 'problem') return;
  yield* run('search attributes', () => checkSearchAttributes(client));
  yield* run('workers', () => checkWorkers(client, config.taskQueue));
  yield* run('newest start', () => checkNewestStart(client));
}

async function* run(name: string, work: (signal: AbortSignal) => Promise<Verdict>): AsyncGenerator<Finding> {
  const [finding] = await check(name, work);
  yield finding;
}
