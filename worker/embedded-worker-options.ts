import type { DataConverter } from '@temporalio/common';
import type { WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities/activities.js';
import type { ActivityDependencies } from '../activities/dependencies.js';
import type { Activities } from '../activities/interface.js';
import { createTransport, type TransportOptions } from '../activities/nested-server/transport.js';
import { ClaimCheck } from '../codec/claim-check.js';
import { forWorker } from '../codec/data-converter.js';
import type { PayloadStore } from '../codec/payload-store.js';
import type { TolerantCodecOptions } from '../codec/tolerant-codec.js';
import { defaultTaskQueue, sidOf } from '../contract/names.js';
import { lockedActivity } from './locked-activity.js';
import { logAttributes } from './log-attributes.js';
import { reportUnreadable } from './report-unreadable.js';
import { traceActivity } from './trace-activity.js';
import { workflowInterceptorModules } from './workflow-bundle.js';

export interface EmbeddedWorkerSettings {
  /** The worker's namespace, for the labels of metrics. @default 'default' */
  readonly namespace?: string | undefined;
  /** The worker's task queue, for the labels of metrics. @default 'nested-conversations' */
  readonly taskQueue?: string | undefined;
  /** The data converter of the clients: see `dataConverterFor`. @default Temporal's own, which encrypts nothing */
  readonly dataConverter?: DataConverter | undefined;
  /** The store for replays that are too large for Temporal. @default none */
  readonly payloadStore?: PayloadStore | undefined;
  /** Egress policy, proxy, and maximum answer size. @default the defaults of `createTransport` */
  readonly transportOptions?: TransportOptions | undefined;
  /** Maximum number of activities that work on one `apiUrl` at the same time. Others are retried later. @default 10 */
  readonly maxActivitiesPerServer?: number | undefined;
  /** Time between two heartbeats while a write is in progress, as a duration string. @default '10 seconds' */
  readonly writeHeartbeatInterval?: string | undefined;
  /** Take precedence over the settings above. */
  readonly activityDependencies?: Partial<ActivityDependencies> | undefined;
}

export interface EmbeddedWorkerOptions {
  readonly activities: Activities;
  readonly dataConverter: DataConverter;
  readonly interceptors: NonNullable<WorkerOptions['interceptors']>;
}

/**
 * Options for your own worker to run `createNestedConversation` beside your own workflows and activities. Spread them
 * into the options of `Worker.create`, and add your own activities to these. The workflows' module must export
 * `createNestedConversation` from `nested-conversations/workflows`.
 *
 * Pass all of `loadWorkerConfig`: every setting that is not an option of `Worker.create` has an effect here.
 *
 * The worker gets the same traces, logs, current details and metrics as one of `createWorker`. It also bounds payloads
 * and handles unreadable ones in the same way, but only those of runs whose workflow id begins with `conversation-`.
 */
export function embeddedWorkerOptions(settings: EmbeddedWorkerSettings = {}): EmbeddedWorkerOptions {
  // Before version 1.18, the SDK does not tell which workflow a payload belongs to.
  return workerOptions(
    settings,
    (context) => context?.workflowId === undefined || sidOf(context.workflowId) !== undefined,
  );
}

/** @param isOurs Which payloads are bounded. @default all of them, for a worker that runs nothing else */
export function workerOptions(
  settings: EmbeddedWorkerSettings,
  isOurs?: TolerantCodecOptions['isOurs'],
): EmbeddedWorkerOptions {
  const { namespace = 'default', taskQueue = defaultTaskQueue } = settings;
  const { dataConverter, payloadStore, transportOptions, maxActivitiesPerServer, writeHeartbeatInterval } = settings;
  const claimCheck = payloadStore && new ClaimCheck(payloadStore, dataConverter?.payloadCodecs ?? []);
  return {
    activities: createActivities({
      claimCheck,
      transport: createTransport(transportOptions),
      maximumPerServer: maxActivitiesPerServer,
      writeHeartbeatInterval,
      ...settings.activityDependencies,
    }),
    dataConverter: forWorker(dataConverter, {
      onUnreadable: reportUnreadable({ namespace, task_queue: taskQueue }),
      isOurs,
    }),
    interceptors: {
      activity: [traceActivity, logAttributes, lockedActivity],
      workflowModules: workflowInterceptorModules,
    },
  };
}
