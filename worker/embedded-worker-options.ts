import type { DataConverter } from '@temporalio/common';
import type { WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities/activities.js';
import type { ActivityDependencies } from '../activities/dependencies.js';
import type { Activities } from '../activities/interface.js';
import { createTransport, type TransportOptions } from '../activities/nested-server/transport.js';
import { ClaimCheck } from '../codec/claim-check.js';
import { forWorker } from '../codec/data-converter.js';
import type { PayloadStore } from '../codec/payload-store.js';
import { defaultTaskQueue } from '../contract/names.js';
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
  /** That of the clients: see `dataConverterFor`. @default Temporal's own, which encrypts nothing */
  readonly dataConverter?: DataConverter | undefined;
  /** Where clients leave replays that are too large for Temporal. @default none */
  readonly payloadStore?: PayloadStore | undefined;
  /** Where requests may go, how they get there, and what answers may weigh. @default as `createTransport` has them */
  readonly transportOptions?: TransportOptions | undefined;
  /** How many activities at a time may work on one `apiUrl`; the others are tried again later. @default 10 */
  readonly maxActivitiesPerServer?: number | undefined;
  /** Time between two heartbeats while a write is in flight, a duration string. @default '10 seconds' */
  readonly writeHeartbeatInterval?: string | undefined;
  /** Win over the settings above. */
  readonly activityDependencies?: Partial<ActivityDependencies> | undefined;
}

export interface EmbeddedWorkerOptions {
  readonly activities: Activities;
  readonly dataConverter: DataConverter;
  readonly interceptors: NonNullable<WorkerOptions['interceptors']>;
}

/**
 * What a worker of one's own needs to run `createNestedConversation` beside other workflows and activities: spread into
 * the options of `Worker.create`, with activities of one's own beside these. Its workflows' module has to export
 * `createNestedConversation` from `nested-conversations/workflows`.
 *
 * Every setting of `loadWorkerConfig` that is not an option of `Worker.create` counts: pass all of it.
 *
 * It gives the same traces, logs, current details and metrics as `createWorker`, and the same care for what can't be read.
 */
export function embeddedWorkerOptions(settings: EmbeddedWorkerSettings = {}): EmbeddedWorkerOptions {
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
    dataConverter: forWorker(dataConverter, reportUnreadable({ namespace, task_queue: taskQueue })),
    interceptors: {
      activity: [traceActivity, logAttributes, lockedActivity],
      workflowModules: workflowInterceptorModules,
    },
  };
}
