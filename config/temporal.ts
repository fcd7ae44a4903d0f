import { readFileSync } from 'node:fs';
import type { TLSConfig } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { type ClientConnectConfig, loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import { dataConverterFor } from '../codec/data-converter.js';
import type { PayloadStore } from '../codec/payload-store.js';
import { S3Store } from '../codec/s3-store.js';
import { defaultTaskQueue } from '../contract/names.js';
import { loadBoolean } from './boolean.js';
import { ConfigError, quoted } from './config-error.js';
import { loadEncryptionKeys } from './encryption-keys.js';
import { loadPayloadStore } from './payload-store.js';

/**
 * The connection options that clients and workers share. Declared here because the types of `@temporalio/envconfig`
 * need those of the worker package, which a service that only starts conversations does not install.
 */
export interface TemporalConnectionOptions {
  /** `host:port`. */
  address: string;
  tls?: TLSConfig | boolean | null;
  apiKey?: string;
  metadata?: Record<string, string>;
}

/** How to reach Temporal, how to encode payloads, and which task queue to use. */
export interface TemporalConfig {
  /** For `Connection.connect` and for `NativeConnection.connect`. */
  readonly connectionOptions: TemporalConnectionOptions;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly dataConverter: DataConverter;
  /** Ids of the encryption keys, the active one first. Empty if payloads are not encrypted. */
  readonly encryptionKeyIds: readonly string[];
  readonly payloadStore: PayloadStore | undefined;
}

/**
 * Reads Temporal's own environment variables and profiles (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`,
 * `TEMPORAL_API_KEY`, `TEMPORAL_TLS…`, `TEMPORAL_PROFILE`, `TEMPORAL_CONFIG_FILE`), like the `temporal` CLI, and
 * `TEMPORAL_TASK_QUEUE`. Defaults: `localhost:7233`, `default`, `nested-conversations`.
 *
 * With keys, payloads are encrypted (see {@link loadEncryptionKeys}). Payloads contain session keys, LLM keys and
 * messages, so without keys they are only sent to a Temporal on this machine and to a store that is a folder, unless
 * `ALLOW_PLAINTEXT_PAYLOADS` is `true`. Large replays go to a store (see {@link loadPayloadStore}).
 *
 * @throws {@link ConfigError}
 */
export function loadTemporalConfig(env: NodeJS.ProcessEnv = process.env): TemporalConfig {
  const { connectionOptions, namespace } = connectConfig(env);
  const { address = 'localhost:7233' } = connectionOptions;
  if (!/^[^\s/:]+:\d+$|^\[[\da-fA-F:.]+\]:\d+$/.test(address)) {
    throw new ConfigError(`TEMPORAL_ADDRESS must be host:port, such as localhost:7233, but is ${quoted(address)}`);
  }
  const { apiKey } = connectionOptions;
  if (typeof apiKey === 'string' && !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new ConfigError('TEMPORAL_API_KEY must be printable ASCII without spaces or line breaks');
  }
  const keys = loadEncryptionKeys(env);
  const payloadStore = loadPayloadStore(env);
  const isPlaintextAllowed = loadBoolean(env, 'ALLOW_PLAINTEXT_PAYLOADS');
  if (keys.size === 0 && !isPlaintextAllowed) {
    if (!isLoopback(address)) throw plaintextRefused(`Temporal at ${address}`);
    if (payloadStore instanceof S3Store) throw plaintextRefused(payloadStore.url);
  }
  return {
    connectionOptions: { ...(connectionOptions as TemporalConnectionOptions), address },
    namespace: namespace || 'default',
    taskQueue: env.TEMPORAL_TASK_QUEUE || defaultTaskQueue,
    dataConverter: dataConverterFor(keys),
    encryptionKeyIds: [...keys.keys()],
    payloadStore,
  };
}

function plaintextRefused(receiver: string): ConfigError {
  const fix = 'set PAYLOAD_ENCRYPTION_KEYS or PAYLOAD_ENCRYPTION_KEYS_FILE, or ALLOW_PLAINTEXT_PAYLOADS=true';
  return new ConfigError(`${receiver} would be sent session keys or messages unencrypted: ${fix}`);
}

/** Whether an address is on this machine. */
export function isLoopback(address: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\]):/i.test(address);
}

function connectConfig(env: NodeJS.ProcessEnv): ClientConnectConfig {
  // `@temporalio/envconfig` treats unknown values as off.
  for (const variable of ['TEMPORAL_TLS', 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION']) loadBoolean(env, variable);
  const set = Object.entries(env).filter(isSet);
  const { TEMPORAL_CONFIG_FILE: file } = env;
  const profile = load('The profile (TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE)', () =>
    loadClientConfigProfile({
      overrideEnvVars: Object.fromEntries(set),
      // Read here because loadClientConfigProfile ignores a file that does not exist.
      ...(file && { configSource: { data: readFileSync(file, 'utf8') } }),
    }),
  );
  return load("The TLS files (TEMPORAL_TLS_…_PATH, or the profile's)", () => toClientOptions(profile));
}

/**
 * An empty variable counts as not set. The exception is an empty header, which removes one of the profile's headers.
 */
function isSet(entry: [string, string | undefined]): entry is [string, string] {
  const [name, value] = entry;
  return value !== undefined && (value !== '' || name.startsWith('TEMPORAL_GRPC_META_'));
}

function load<T>(settings: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    // Only the first line: the others quote the malformed file, which may contain the API key.
    const [problem] = (error as Error).message.split('\n');
    throw new ConfigError(`${settings} can't be used: ${problem}`);
  }
}
