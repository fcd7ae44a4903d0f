import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import proto from '@temporalio/proto';
import {
  decodeFromPayloadsAtIndex,
  decodeOptionalFailureToOptionalError,
  optionalTsToDate,
} from '../codec/sdk-internals.js';
import type { FailureDetails } from '../contract/failures.js';
import { type ConversationPhase, phaseOfActivity } from '../contract/phases.js';
import { oneLine } from '../contract/printing/one-line.js';

/** The phase of a run. `terminated` and `timed-out` are ends that the workflow did not choose. */
export type RunPhase = ConversationPhase | 'terminated' | 'timed-out';

/** The state of a run as a list shows it: running, or how it ended. */
export type RunState = 'running' | 'ready' | 'failed' | 'cancelled' | 'terminated' | 'timed-out';

/** A step that has been due for {@link overdueAfterMs} or longer, and that no worker has picked up. */
export interface OverdueStep {
  readonly since: Date;
  readonly taskQueue: string;
  /** The only worker version that may pick it up, as `deployment:build`. Absent if any worker may. */
  readonly version?: string;
}

/** A person has paused the run or its current step in Temporal. Nothing happens until it is unpaused there. */
export interface Paused {
  readonly since?: Date;
  /** The identity of who paused it. */
  readonly by?: string;
  readonly reason?: string;
}

/** Temporal can't be reached, or does not answer. The call is repeated. */
export interface Retrying {
  /** The time of the first call that failed. */
  readonly since: Date;
  /** One line, e.g. `14 UNAVAILABLE: No connection established`. */
  readonly reason: string;
}

/** The status of a conversation start. */
export interface ConversationStatus {
  readonly sid: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly phase: RunPhase;
  readonly startedAt: Date;
  /** Absent while it runs. */
  readonly closedAt?: Date;
  /** Attempts of the current activity that have ended. While `checking`, these are readiness checks. */
  readonly attempts?: number;
  readonly maximumAttempts?: number;
  /**
   * Why the last attempt did not succeed, e.g. `conv_1 is STARTING (agent loading); look 3 of 60, next in 2 seconds`.
   */
  readonly lastSeen?: string;
  /** Set when the run is stuck: there is no worker, or all are busy. */
  readonly overdue?: OverdueStep;
  /** Set while the run or its current step is paused. */
  readonly paused?: Paused;
  /** How many workflow tasks have failed in a row, e.g. because a key is missing. */
  readonly failedWorkflowTasks?: number;
  /** Why the first of them failed, e.g. `a payload is encrypted with key 'k2': the keys here are k1`. */
  readonly workflowTaskFailure?: string;
  /** These three come from the run's memo. Absent if another client did not set it. */
  readonly userId?: string;
  readonly apiUrl?: string;
  readonly server?: string;
  /** Set in `onProgress` while Temporal does not answer. The other fields then have their last known values. */
  readonly retrying?: Retrying;
}

type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];
type EncodedFailure = Parameters<typeof decodeOptionalFailureToOptionalError>[1];

/** A running worker picks up a step within a second. The rest allows for clock skew. */
const overdueAfterMs = 5000;

/** The start of the run, and its first workflow task: scheduled, started, and possibly failed. */
const eventsBeforeActivities = 4;

const { PENDING_ACTIVITY_STATE_SCHEDULED } = proto.temporal.api.enums.v1.PendingActivityState;
const { PENDING_WORKFLOW_TASK_STATE_SCHEDULED } = proto.temporal.api.enums.v1.PendingWorkflowTaskState;

/** The states of ended runs, by Temporal's status. */
const stateOfStatus: Readonly<Record<string, Exclude<RunState, 'running'>>> = {
  COMPLETED: 'ready',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed-out',
};

/** The state of a run, from Temporal's status. */
export function runStateOf(statusName: string): RunState {
  return stateOfStatus[statusName] ?? 'running';
}

/** The status of a run, from its description. The pending activity has its attempt number and its last failure. */
export async function conversationStatus(
  client: Client,
  sid: string,
  description: WorkflowExecutionDescription,
): Promise<ConversationStatus> {
  const { workflowId, runId, startTime, closeTime, status, memo, historyLength, raw } = description;
  const { userId, apiUrl, server } = memo ?? {};
  const pending = raw.pendingActivities?.[0];
  // For a moment between two activities, none is pending. The first activity creates the conversation, so the next one
  // is a readiness check.
  const phaseWithout = historyLength > eventsBeforeActivities ? 'checking' : 'queued';
  const phase = stateOfStatus[status.name] ?? (pending ? await phaseOf(client, pending) : undefined) ?? phaseWithout;
  const paused = pauseOf(description);
  const overdue = paused ? undefined : overdueStep(description);
  const failedWorkflowTasks = (raw.pendingWorkflowTask?.attempt ?? 1) - 1;
  const taskFailure = failedWorkflowTasks > 0 ? await workflowTaskFailure(client, description) : undefined;
  const known = {
    sid,
    workflowId,
    runId,
    phase,
    startedAt: startTime,
    ...(closeTime && { closedAt: closeTime }),
    ...(overdue && { overdue }),
    ...(paused && { paused }),
    ...(failedWorkflowTasks > 0 && { failedWorkflowTasks }),
    ...(taskFailure && { workflowTaskFailure: taskFailure.message }),
    ...(typeof userId === 'string' && { userId }),
    ...(typeof apiUrl === 'string' && { apiUrl }),
    ...(typeof server === 'string' && { server }),
  };
  if (!pending) return known;
  const failure = await lastFailure(client, pending.lastFailure);
  // A readiness check reports the total, including earlier activities. Temporal counts this activity's attempts only.
  const look = lookDetails(failure);
  return {
    ...known,
    attempts: look?.attempts ?? Math.max((pending.attempt ?? 1) - 1, 0),
    ...((look?.maximumAttempts || pending.maximumAttempts) && {
      maximumAttempts: look?.maximumAttempts ?? pending.maximumAttempts ?? 0,
    }),
    ...(failure && { lastSeen: failure.message }),
  };
}

/** The phase of a pending activity. Heartbeats say which one if the activity has several. */
async function phaseOf(client: Client, pending: PendingActivity): Promise<ConversationPhase | undefined> {
  const ofActivity = phaseOfActivity[pending.activityType?.name ?? ''];
  if (ofActivity !== 'preparing repository') return ofActivity;
  const { payloads } = pending.heartbeatDetails ?? {};
  const converter = client.options.loadedDataConverter;
  const heartbeat = await decodeFromPayloadsAtIndex<{ phase?: unknown }>(converter, 0, payloads).catch(() => undefined);
  return heartbeat?.phase === 'running setup script' ? heartbeat.phase : ofActivity;
}

/** The number of the current step: Temporal numbers a run's activities from 1. `undefined` between two steps. */
export function stepOf({ raw }: WorkflowExecutionDescription): number | undefined {
  const [pending] = raw.pendingActivities ?? [];
  return pending ? Number(pending.activityId) : undefined;
}

/** A step that waits for its next attempt becomes due at that time. A step that has started is not overdue. */
function overdueStep({ taskQueue, raw }: WorkflowExecutionDescription): OverdueStep | undefined {
  const { pendingActivities, pendingWorkflowTask, workflowExecutionInfo } = raw;
  const dueTimes = [
    ...(pendingActivities ?? []).map(
      ({ state, scheduledTime }) => state === PENDING_ACTIVITY_STATE_SCHEDULED && scheduledTime,
    ),
    pendingWorkflowTask?.state === PENDING_WORKFLOW_TASK_STATE_SCHEDULED && pendingWorkflowTask.scheduledTime,
  ];
  const since = dueTimes.map((time) => optionalTsToDate(time || undefined)).find((due) => due !== undefined);
  if (!since || Date.now() - since.getTime() < overdueAfterMs) return undefined;
  const pinnedTo = workflowExecutionInfo?.versioningInfo?.deploymentVersion;
  return { since, taskQueue, ...(pinnedTo && { version: `${pinnedTo.deploymentName}:${pinnedTo.buildId}` }) };
}

/** With `temporal workflow pause`, or `temporal activity pause`. */
function pauseOf({ raw }: WorkflowExecutionDescription): Paused | undefined {
  const [pending] = raw.pendingActivities ?? [];
  const ofRun = raw.workflowExtendedInfo?.pauseInfo;
  const ofStep = pending?.paused ? (pending.pauseInfo ?? {}) : undefined;
  if (!ofRun && !ofStep) return undefined;
  const since = optionalTsToDate(ofRun?.pausedTime ?? ofStep?.pauseTime);
  const { identity, reason } = ofRun ?? ofStep?.manual ?? ofStep?.rule ?? {};
  return { ...(since && { since }), ...(identity && { by: identity }), ...(reason && { reason }) };
}

/** While workflow tasks fail, few other events, such as signals, are added to the history. */
const latestEvents = 20;

/** Only the first of several consecutive task failures is in the history. */
async function workflowTaskFailure(
  client: Client,
  { workflowId, runId }: WorkflowExecutionDescription,
): Promise<Error | undefined> {
  const { workflowService, options } = client;
  const { history } = await workflowService.getWorkflowExecutionHistoryReverse({
    namespace: options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: latestEvents,
  });
  const [failed] = (history?.events ?? []).flatMap((event) => event.workflowTaskFailedEventAttributes ?? []);
  return lastFailure(client, failed?.failure);
}

/** If the failure can't be decrypted, the returned error says so. */
async function lastFailure(client: Client, failure: EncodedFailure): Promise<Error | undefined> {
  try {
    return await decodeOptionalFailureToOptionalError(client.options.loadedDataConverter, failure);
  } catch (error) {
    return new Error(`(can't be read: ${oneLine(error)})`);
  }
}

function lookDetails(failure: Error | undefined): Partial<FailureDetails['ConversationNotReady']> | undefined {
  const [details] = (failure instanceof ApplicationFailure && failure.details) || [];
  return details as Partial<FailureDetails['ConversationNotReady']> | undefined;
}
