import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, type Worker } from '@temporalio/worker';
import { findTemporalCli, findTimeSkippingServer } from '../../dev-stack/temporal-binaries.js';
import { type CreateWorkerOptions, createWorker } from '../../worker/create-worker.js';

/** A Temporal server with a worker that runs until the end of the test file. */
export interface Temporal {
  readonly env: TestWorkflowEnvironment;
  /** Another worker, as the first one but for what is given here; not yet started. */
  newWorker(options: Partial<CreateWorkerOptions>): Promise<Worker>;
  stop(): Promise<void>;
}

/**
 * A server that skips the time between looks. It skips while a result is waited for: wait for one at a time, or it may
 * skip one run's whole life while it waits for another.
 */
export async function startTimeSkipping(): Promise<Temporal> {
  return withWorker(
    await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path: await findTimeSkippingServer(console.error) } },
    }),
  );
}

export type DevServerOptions = Pick<CreateWorkerOptions, 'dataConverter' | 'payloadStore'> & {
  /** Where it keeps its database. @default in memory */
  readonly dbFilename?: string;
  /** Where it serves its metrics, as Prometheus reads them. @default a free port */
  readonly metricsPort?: number;
  /** Where it serves its Web UI, and where that has payloads decoded. @default no Web UI */
  readonly webUi?: { readonly port: number; readonly codecEndpoint?: string };
};

/** A dev server: the real thing, in real time. */
export async function startDevServer({
  dbFilename,
  metricsPort,
  webUi,
  ...options
}: DevServerOptions = {}): Promise<Temporal> {
  const { dataConverter } = options;
  const extraArgs = [
    ...(metricsPort === undefined ? [] : ['--metrics-port', String(metricsPort)]),
    ...(webUi?.codecEndpoint === undefined ? [] : ['--ui-codec-endpoint', webUi.codecEndpoint]),
  ];
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await findTemporalCli(console.error) },
      log: { format: 'pretty', level: 'error' },
      ...(dbFilename !== undefined && { dbFilename }),
      ...(webUi && { ui: true, uiPort: webUi.port }),
      extraArgs,
    },
    ...(dataConverter && { client: { dataConverter } }),
  });
  return withWorker(env, options);
}

async function withWorker(env: TestWorkflowEnvironment, options: DevServerOptions = {}): Promise<Temporal> {
  const { nativeConnection: connection } = env;
  const newWorker = (others: Partial<CreateWorkerOptions> = {}) =>
    createWorker({ connection, shutdownGraceTime: '1 second', ...options, ...others });
  const worker = await newWorker();
  const running = worker.run();
  return {
    env,
    newWorker,
    async stop() {
      worker.shutdown();
      await running;
      await env.teardown();
    },
  };
}

// Failures are what most tests are about: they assert on them, and need no log of them.
Runtime.install({ logger: new DefaultLogger('ERROR') });
