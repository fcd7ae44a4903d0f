import { isIP } from 'node:net';
import type { Duration, LogLevel, WorkerDeploymentVersion } from '@temporalio/common';
import {
  defaultMaximumAnswerBytes,
  defaultMaximumPerServer,
  defaultWriteHeartbeatInterval,
} from '../activities/defaults.js';
import type { TransportOptions } from '../activities/nested-server/transport.js';
import { parseDuration } from '../contract/duration.js';
import { parseEgressPolicy } from '../egress/egress-policy.js';
import { loadBoolean } from './boolean.js';
import { ConfigError } from './config-error.js';
import { loadTemporalConfig, type TemporalConfig } from './temporal.js';
import { defaultShutdownGraceTime, tuning } from './worker-defaults.js';

export interface WorkerConfig extends TemporalConfig {
  readonly shutdownGraceTime: Duration;
  readonly maxCachedWorkflows: number;
  readonly maxActivities: number;
  readonly maxActivitiesPerServer: number;
  readonly writeHeartbeatInterval: string;
  /** Absent if the worker is not versioned. */
  readonly deploymentVersion: WorkerDeploymentVersion | undefined;
  readonly transportOptions: TransportOptions;
  /** The lowest level to log. */
  readonly logLevel: LogLevel;
  /** Where the health server listens. Absent if there is none. */
  readonly healthEndpoint: Endpoint | undefined;
  /** Where Prometheus finds the metrics. Absent if they are not served. */
  readonly metricsEndpoint: Endpoint | undefined;
}

export interface Endpoint {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
}

/**
 * Reads the worker's settings: Temporal's (see {@link loadTemporalConfig}), and
 *
 * - `WORKER_SHUTDOWN_GRACE_TIME`: how long work in progress may continue after SIGTERM (a Temporal duration string,
 *   default `70 seconds`)
 * - `WORKER_MAX_CACHED_WORKFLOWS`: maximum number of workflows kept in memory between workflow tasks (default `500`)
 * - `WORKER_MAX_ACTIVITIES`: maximum number of activities that run at the same time (default `400`)
 * - `WORKER_MAX_ACTIVITIES_PER_SERVER`: maximum number of activities that work on one `apiUrl` (default `10`)
 * - `WORKER_WRITE_HEARTBEAT_INTERVAL`: time between two heartbeats while a POST is in progress, from one second to
 *   twenty (a Temporal duration string, default `10 seconds`)
 * - `TEMPORAL_DEPLOYMENT_NAME`, `TEMPORAL_WORKER_BUILD_ID`: make it a versioned worker. Set both or neither. Temporal's
 *   Worker Controller for Kubernetes uses these names.
 * - `LOG_LEVEL`: `debug`, `info` (the default), `warn` or `error`
 * - `WORKER_HTTP_HOST`: the address to listen on for probes and for Prometheus. The default `127.0.0.1` is enough on
 *   one machine, and nobody is authenticated. Use `0.0.0.0` if probes come from another host or container.
 * - `WORKER_HTTP_PORT`, `WORKER_METRICS_PORT`: the ports for probes and for Prometheus. Without a port, it is not
 *   served.
 * - `NESTED_SERVER_ALLOW`: see {@link parseEgressPolicy}
 * - `NESTED_SERVER_MAX_ANSWER_BYTES`: the maximum size of an answer, decompressed (default `8388608`)
 * - `NESTED_SERVER_PROXY_FROM_ENVIRONMENT`: `true` to use `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`
 *
 * @throws {@link ConfigError}
 */
export function loadWorkerConfig(env: NodeJS.ProcessEnv = process.env): WorkerConfig {
  const graceTime = env.WORKER_SHUTDOWN_GRACE_TIME || defaultShutdownGraceTime;
  if ((parseDuration(graceTime) ?? -1) < 0) {
    throw new ConfigError(`WORKER_SHUTDOWN_GRACE_TIME must be a duration such as '30 seconds', but is '${graceTime}'`);
  }
  return {
    ...loadTemporalConfig(env),
    shutdownGraceTime: graceTime as Duration,
    maxCachedWorkflows: loadMaxCachedWorkflows(env),
    maxActivities: loadPositive(env, 'WORKER_MAX_ACTIVITIES', tuning.maxActivities),
    maxActivitiesPerServer: loadPositive(env, 'WORKER_MAX_ACTIVITIES_PER_SERVER', defaultMaximumPerServer),
    writeHeartbeatInterval: loadWriteHeartbeatInterval(env),
    deploymentVersion: loadDeploymentVersion(env),
    transportOptions: loadTransportOptions(env),
    logLevel: loadLogLevel(env),
    healthEndpoint: loadEndpoint(env, 'WORKER_HTTP_PORT'),
    metricsEndpoint: loadEndpoint(env, 'WORKER_METRICS_PORT'),
  };
}

/** TRACE is left out because the SDK then logs decrypted payloads. */
const logLevels: readonly LogLevel[] = ['DEBUG', 'INFO', 'WARN', 'ERROR'];

function loadLogLevel({ LOG_LEVEL: text }: NodeJS.ProcessEnv): LogLevel {
  const level = logLevels.find((candidate) => candidate === (text || 'info').toUpperCase());
  if (!level) throw new ConfigError(`LOG_LEVEL must be debug, info, warn or error, but is '${text}'`);
  return level;
}

function loadMaxCachedWorkflows({ WORKER_MAX_CACHED_WORKFLOWS: text }: NodeJS.ProcessEnv): number {
  if (!text) return tuning.maxCachedWorkflows;
  // The SDK does not support a cache of one workflow.
  if (!/^\d+$/.test(text) || Number(text) === 1) {
    throw new ConfigError(
      `WORKER_MAX_CACHED_WORKFLOWS must be 0 (none) or a whole number of at least 2, but is '${text}'`,
    );
  }
  return Number(text);
}

/** Two intervals must fit into the heartbeat timeout of a create, 30 seconds, since one heartbeat may be late. */
function loadWriteHeartbeatInterval({ WORKER_WRITE_HEARTBEAT_INTERVAL: text }: NodeJS.ProcessEnv): string {
  const interval = text || defaultWriteHeartbeatInterval;
  const milliseconds = parseDuration(interval) ?? 0;
  if (milliseconds < 1000 || milliseconds > 20_000) {
    throw new ConfigError(
      `WORKER_WRITE_HEARTBEAT_INTERVAL must be a duration from '1 second' to '20 seconds', but is '${text}'`,
    );
  }
  return interval;
}

function loadPositive(env: NodeJS.ProcessEnv, variable: string, byDefault: number): number {
  const text = env[variable];
  if (!text) return byDefault;
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new ConfigError(`${variable} must be a whole number of at least 1, but is '${text}'`);
  return Number(text);
}

function loadEndpoint(env: NodeJS.ProcessEnv, variable: string): Endpoint | undefined {
  const host = env.WORKER_HTTP_HOST || '127.0.0.1';
  if (!isIP(host)) throw new ConfigError(`WORKER_HTTP_HOST must be an IP address such as 0.0.0.0, but is '${host}'`);
  const text = env[variable];
  if (!text) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new ConfigError(`${variable} must be a port, but is '${text}'`);
  }
  return { host, port };
}

function loadDeploymentVersion(env: NodeJS.ProcessEnv): WorkerDeploymentVersion | undefined {
  const { TEMPORAL_DEPLOYMENT_NAME: deploymentName, TEMPORAL_WORKER_BUILD_ID: buildId } = env;
  if (deploymentName && buildId) return { deploymentName, buildId };
  if (!deploymentName && !buildId) return undefined;
  const [missing, other] = deploymentName
    ? ['TEMPORAL_WORKER_BUILD_ID', 'TEMPORAL_DEPLOYMENT_NAME']
    : ['TEMPORAL_DEPLOYMENT_NAME', 'TEMPORAL_WORKER_BUILD_ID'];
  throw new ConfigError(`${missing} must be set, since ${other} is: a versioned worker needs both`);
}

function loadTransportOptions(env: NodeJS.ProcessEnv): TransportOptions {
  const { NESTED_SERVER_ALLOW: allow } = env;
  const proxyFromEnvironment = loadBoolean(env, 'NESTED_SERVER_PROXY_FROM_ENVIRONMENT') ?? false;
  if (allow && proxyFromEnvironment) {
    throw new ConfigError(
      'NESTED_SERVER_ALLOW and NESTED_SERVER_PROXY_FROM_ENVIRONMENT=true exclude each other: a proxy looks host names ' +
        'up by itself, so let it do the allowing, or do without it',
    );
  }
  try {
    const maximumAnswerBytes = loadPositive(env, 'NESTED_SERVER_MAX_ANSWER_BYTES', defaultMaximumAnswerBytes);
    return { egressPolicy: parseEgressPolicy(allow), proxyFromEnvironment, maximumAnswerBytes };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`NESTED_SERVER_ALLOW: ${(error as SyntaxError).message}`);
  }
}
