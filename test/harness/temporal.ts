import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, type Worker } from '@temporalio/worker';
import { findTemporalCli, findTimeSkippingServer } from '../../dev-stack/temporal-binaries.js';
import { createWorker } from '../../worker/create-worker.js';

/** A Temporal server with a worker that runs until the end of the test file. */
export interface Temporal {
  readonly env: TestWorkflowEnvironment;
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

/** A dev server: the real thing, in memory, in real time. */
export async function startDevServer(): Promise<Temporal> {
  return withWorker(
    await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path: await findTemporalCli(console.error) },
        log: { format: 'pretty', level: 'error' },
      },
    }),
  );
}

async function withWorker(env: TestWorkflowEnvironment): Promise<Temporal> {
  const { nativeConnection: connection } = env;
  const worker: Worker = await createWorker({ connection, shutdownGraceTime: '1 second' });
  const running = worker.run();
  return {
    env,
    async stop() {
      worker.shutdown();
      await running;
      await env.teardown();
    },
  };
}

// Failures are what most tests are about: they assert on them, and need no log of them.
Runtime.install({ logger: new DefaultLogger('ERROR') });
