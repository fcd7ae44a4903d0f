import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { activities } from '../activities/activities.js';
import { defaultTaskQueue } from '../contract/names.js';
import { workflowBundle } from './workflow-bundle.js';

/** Longer than a look, so that none is lost. */
export const defaultShutdownGraceTime = '30 seconds';

export interface CreateWorkerOptions {
  readonly connection: NativeConnection;
  /** @default 'default' */
  readonly namespace?: string | undefined;
  /** @default 'nested-conversations' */
  readonly taskQueue?: string | undefined;
  /**
   * How long work in progress may go on after a shutdown was asked for.
   * @default '30 seconds'
   * @format a Temporal duration string, or a number of milliseconds
   */
  readonly shutdownGraceTime?: WorkerOptions['shutdownGraceTime'];
}

/** A worker that runs the workflow and its activities, not yet started. */
export function createWorker(options: CreateWorkerOptions): Promise<Worker> {
  const {
    connection,
    namespace = 'default',
    taskQueue = defaultTaskQueue,
    shutdownGraceTime = defaultShutdownGraceTime,
  } = options;
  return Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle,
    activities,
    shutdownGraceTime,
    // A cancellation reaches an activity with its heartbeat: the default throttle would hold it for 12 s.
    maxHeartbeatThrottleInterval: '2 seconds',
  });
}
