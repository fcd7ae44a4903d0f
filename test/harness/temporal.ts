import { randomUUID } from 'node:crypto';

import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, type Worker } from '@temporalio/worker';
import { launchDevServer } from '../../dev-stack/dev-server.js';
import { freePort } from '../../dev-stack/free-port.js';
import { findTimeSkippingServer } from '../../dev-stack/temporal-binaries.js';
import { type CreateWorkerOptions, createWorker } from '../../worker/create-worker.js';
import { msToTs } from './sdk-internals.js';
import { sharedServerVariable } from './shared-server.js';

/** A Temporal server with a worker that runs until the end of the test file. */
export interface Temporal {
  readonly env: TestWorkflowEnvironment;
  readonly namespace: string;
  /** Environment variables with which a program of the build connects to it. */
  readonly variables: { readonly TEMPORAL_ADDRESS: string; readonly TEMPORAL_NAMESPACE: string };
  /** Another worker like the first one, except for these options. Not started yet. */
  newWorker(options: Partial<CreateWorkerOptions>): Promise<Worker>;
  stop(): Promise<void>;
}

/**
 * A server that skips the time between looks. It skips while a result is awaited. Await one result at a time: otherwise
 * it may skip a run's whole life while it waits for another run.
 */
export async function startTimeSkipping(): Promise<Temporal> {
  return withWorker(
    await TestWorkflowEnvironment.createTimeSkipping({
      server: {
        executable: { type: 'existing-path', path: await findTimeSkippingServer(console.error) },
        port: await freePort(),
      },
    }),
  );
}

export interface DevServerOptions extends Pick<CreateWorkerOptions, 'dataConverter' | 'payloadStore'> {
  /** A server of its own, for tests of what belongs to the whole server. @default true if another option needs it */
  readonly own?: boolean;
  /** The file of its database. @default in memory */
  readonly dbFilename?: string;
  /** Dynamic configuration, as `key=value`. @default the server's own */
  readonly dynamicConfig?: readonly string[];
  /** The port for Prometheus metrics. @default a free port */
  readonly metricsPort?: number;
  /** The port of its Web UI, and the Web UI's codec server. @default no Web UI */
  readonly webUi?: { readonly port: number; readonly codecEndpoint?: string };
}

/** A real dev server, in real time. It gets its own namespace on the server that test files share. */
export async function startDevServer(options: DevServerOptions = {}): Promise<Temporal> {
  const { own, dbFilename, dynamicConfig, metricsPort, webUi, ...workerOptions } = options;
  const { [sharedServerVariable]: shared } = process.env;
  const { dataConverter } = workerOptions;
  const client = dataConverter && { client: { dataConverter } };
  if (shared && !own && !dbFilename && !dynamicConfig && !metricsPort && !webUi) {
    const namespace = `test-${randomUUID()}`;
    const env = await TestWorkflowEnvironment.createFromExistingServer({ address: shared, namespace, ...client });
    await env.client.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    return withWorker(env, { namespace, ...workerOptions });
  }
  const { address, stop } = await launchDevServer({
    report: console.error,
    dbFilename,
    dynamicConfig,
    metricsPort,
    uiPort: webUi?.port,
    codecEndpoint: webUi?.codecEndpoint,
  });
  const env = await TestWorkflowEnvironment.createFromExistingServer({ address, ...client });
  const temporal = await withWorker(env, workerOptions);
  return {
    ...temporal,
    async stop() {
      await temporal.stop();
      await stop();
    },
  };
}

async function withWorker(env: TestWorkflowEnvironment, options: Partial<CreateWorkerOptions> = {}): Promise<Temporal> {
  const { nativeConnection: connection, address } = env;
  const { namespace = 'default' } = options;
  const newWorker = (others: Partial<CreateWorkerOptions> = {}) =>
    createWorker({ connection, shutdownGraceTime: '1 second', ...options, ...others });
  const worker = await newWorker();
  const running = worker.run();
  return {
    env,
    namespace,
    variables: { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace },
    newWorker,
    async stop() {
      worker.shutdown();
      await running;
      await env.teardown();
    },
  };
}

// Most tests are about failures and assert on them, so they need no log.
Runtime.install({ logger: new DefaultLogger('ERROR') });
