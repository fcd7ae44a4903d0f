import type { WorkerDeploymentVersion } from '@temporalio/common';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { defaultShutdownGraceTime, tuning } from '../config/worker-defaults.js';
import { defaultTaskQueue } from '../contract/names.js';
import { type EmbeddedWorkerSettings, embeddedWorkerOptions } from './embedded-worker-options.js';
import { workflowBundleFor } from './workflow-bundle.js';

export interface CreateWorkerOptions extends EmbeddedWorkerSettings {
  readonly connection: NativeConnection;
  /**
   * How long work in progress may go on after a shutdown was asked for.
   * @default '70 seconds'
   * @format a Temporal duration string, or a number of milliseconds
   */
  readonly shutdownGraceTime?: WorkerOptions['shutdownGraceTime'];
  /** Makes it a versioned worker, which gets work once Temporal is told so. @default not versioned */
  readonly deploymentVersion?: WorkerDeploymentVersion | undefined;
  /**
   * How many workflows are kept in memory between two of their tasks. One that is not is replayed from its history when
   * its next task comes. @default 500
   */
  readonly maxCachedWorkflows?: number | undefined;
  /** How many activities run at a time. @default 400 */
  readonly maxActivities?: number | undefined;
}

/** A worker that runs the workflow and its activities, not yet started. */
export function createWorker(options: CreateWorkerOptions): Promise<Worker> {
  const {
    connection,
    namespace = 'default',
    taskQueue = defaultTaskQueue,
    dataConverter,
    shutdownGraceTime = defaultShutdownGraceTime,
    deploymentVersion,
    maxCachedWorkflows = tuning.maxCachedWorkflows,
    maxActivities = tuning.maxActivities,
  } = options;
  const { interceptors, ...embedded } = embeddedWorkerOptions(options);
  return Worker.create({
    ...embedded,
    connection,
    namespace,
    taskQueue,
    workflowBundle: workflowBundleFor(dataConverter),
    // Those of the workflow are in the bundle.
    interceptors: { ...interceptors, workflowModules: [] },
    shutdownGraceTime,
    ...(deploymentVersion && {
      workerDeploymentOptions: {
        version: deploymentVersion,
        useWorkerVersioning: true,
        // A start takes minutes, so that its version can wait for it; then no run ever meets code that it can't replay.
        defaultVersioningBehavior: 'PINNED',
      },
    }),
    maxHeartbeatThrottleInterval: tuning.maxHeartbeatThrottleInterval,
    maxCachedWorkflows,
    maxConcurrentActivityTaskExecutions: maxActivities,
  });
}
