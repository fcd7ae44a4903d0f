import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { tuning } from '../../config/worker-defaults.js';
import { freePort } from '../../dev-stack/free-port.js';
import { scrape } from '../../dev-stack/scrape.js';
import { createWorker } from '../../worker/create-worker.js';
import { activities } from '../floor/activities.js';
import { createUnseenWorker } from '../floor/unseen-worker.js';
import { total } from '../total.js';
import { serve, usage } from './process.js';

export interface StartWorkerOptions {
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  /** This project's workflow, the same without observability, or the floors. All run with the same options. */
  readonly runs: 'ours' | 'unseen' | 'floor';
  /** The floors' workflow code, prebuilt like ours. @default bundled when the worker starts */
  readonly floorBundle?: { readonly codePath: string } | undefined;
  /** @default as in a normal worker */
  readonly maxCachedWorkflows?: number;
}

const functions = {
  async start({ address, runs, floorBundle, ...options }: StartWorkerOptions) {
    metricsPort = await freePort();
    const bindAddress = `127.0.0.1:${metricsPort}`;
    Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { logging: { forward: {} }, metrics: { prometheus: { bindAddress } } },
    });
    const connection = await NativeConnection.connect({ address });
    const workflows = floorBundle ? { workflowBundle: floorBundle } : { workflowsPath };
    const workers = {
      ours: () => createWorker({ connection, ...options }),
      unseen: () => createUnseenWorker({ connection, ...options }),
      floor: () => Worker.create({ ...tuning, connection, ...options, ...workflows, activities }),
    };
    const worker = await workers[runs]();
    void worker.run();
  },

  /** The number of task slots in use now. */
  async slotsUsed(): Promise<number> {
    return total(await scrape(metricsPort), 'temporal_worker_task_slots_used');
  },

  /** The number of attempts of an activity that have ended. */
  async attempts(activityType: string): Promise<number> {
    return total(await scrape(metricsPort), 'temporal_activity_execution_latency_count', 'activity_type', [
      activityType,
    ]);
  },

  ...usage,
};

export type BenchWorker = typeof functions;

const workflowsPath = fileURLToPath(new URL('../floor/workflows.js', import.meta.url));

let metricsPort: number;

serve(functions);
