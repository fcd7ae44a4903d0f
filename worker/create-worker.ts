import type { WorkerDeploymentVersion } from '@temporalio/common';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { defaultShutdownGraceTime, tuning } from '../config/worker-defaults.js';
import { defaultTaskQueue } from '../contract/names.js';
import { type EmbeddedWorkerSettings, workerOptions } from './embedded-worker-options.js';
import { workflowBundleFor } from './workflow-bundle.js';

export interface CreateWorkerOptions extends EmbeddedWorkerSettings {
  readonly connection: NativeConnection;
  /**
   * How long work in progress may continue after a shutdown was requested.
   * @default '70 seconds'
   * @format a Temporal duration string, or a number of milliseconds
   */
  readonly shutdownGraceTime?: WorkerOptions['shutdownGraceTime'];
  /** Makes it a versioned worker. It gets work once its version is current in Temporal. @default not versioned */
  readonly deploymentVersion?: WorkerDeploymentVersion | undefined;
  /**
   * Maximum number of workflows kept in memory between workflow tasks. Others are replayed from their history for their
   * next task. @default 500
   */
  readonly maxCachedWorkflows?: number | undefined;
  /** Maximum number of activities that run at the same time. @default 400 */
  readonly maxActivities?: number | undefined;
}

/** Creates a worker for the workflow and its activities. It is not started. */
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
  const { interceptors, ...embedded } = workerOptions(options);
  return Worker.create({
    ...embedded,
    connection,
    namespace,
    taskQueue,
    workflowBundle: workflowBundleFor(dataConverter),
    // The workflow's interceptors are in the bundle.
    interceptors: { ...interceptors, workflowModules: [] },
    shutdownGraceTime,
    ...(deploymentVersion && {
      workerDeploymentOptions: {
        version: deploymentVersion,
        useWorkerVersioning: true,
        // A start takes minutes, so a version can wait for its runs to end. Then no run is replayed by code that can't
        // replay it.
        defaultVersioningBehavior: 'PINNED',
      },
    }),
    maxHeartbeatThrottleInterval: tuning.maxHeartbeatThrottleInterval,
    maxCachedWorkflows,
    maxConcurrentActivityTaskExecutions: maxActivities,
  });
}
