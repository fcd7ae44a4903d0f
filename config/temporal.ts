import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { defaultTaskQueue } from '../contract/names.js';
import { ConfigError, oneLine } from './config-error.js';

/** How to reach Temporal, and where the work is queued. */
export interface TemporalConfig {
  /** For `Connection.connect` and `NativeConnection.connect` alike. */
  readonly connectionOptions: ClientConnectConfig['connectionOptions'] & { readonly address: string };
  readonly namespace: string;
  readonly taskQueue: string;
}

/**
 * Reads Temporal's own environment variables and profiles (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`,
 * `TEMPORAL_API_KEY`, `TEMPORAL_TLS…`, `TEMPORAL_PROFILE`, `TEMPORAL_CONFIG_FILE`), as the `temporal` CLI does, and
 * `TEMPORAL_TASK_QUEUE`. Defaults: `localhost:7233`, `default`, `nested-conversations`.
 *
 * @throws {@link ConfigError}
 */
export function loadTemporalConfig(env: NodeJS.ProcessEnv = process.env): TemporalConfig {
  const { connectionOptions, namespace } = connectConfig(env);
  const { address = 'localhost:7233' } = connectionOptions;
  if (!/^[^\s/:]+:\d+$|^\[[\da-fA-F:.]+\]:\d+$/.test(address)) {
    throw new ConfigError(`TEMPORAL_ADDRESS must be host:port, such as localhost:7233, and is '${address}'`);
  }
  return {
    connectionOptions: { ...connectionOptions, address },
    namespace: namespace || 'default',
    taskQueue: env.TEMPORAL_TASK_QUEUE || defaultTaskQueue,
  };
}

function connectConfig(env: NodeJS.ProcessEnv): ClientConnectConfig {
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  try {
    return loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(set) });
  } catch (error) {
    throw new ConfigError(`Temporal's settings (TEMPORAL_… or the profile file) can't be used: ${oneLine(error)}`);
  }
}
