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

/** Where a run is: in one of its own phases, or at an end that came from outside. */
export type RunPhase = ConversationPhase | 'terminated' | 'timed-out';

/** What a list can tell of a run: that it is under way, or how it ended. */
export type RunState = 'running' | 'ready' | 'failed' | 'cancelled' | 'terminated' | 'timed-out';

/** A step that no worker has taken up, though it was due {@link overdueAfterMs} ago or longer. */
export interface OverdueStep {
  readonly since: Date;
  readonly taskQueue: string;
  /** The one version of a deployment that may take it up, as `deployment:build`; absent where any worker may. */
  readonly version?: string;
}

/** Temporal can't be reached, or does not answer, and is asked again. */
export interface Retrying {
  /** When it was first asked in vain. */
  readonly since: Date;
  /** In one line, e.g. `14 UNAVAILABLE: No connection established`. */
  readonly reason: string;
}

/** What can be told of a start without waiting for it. */
export interface ConversationStatus {
  readonly sid: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly phase: RunPhase;
  readonly startedAt: Date;
  /** Absent while it runs. */
  readonly closedAt?: Date;
  /** Attempts of the present activity that have ended: looks, while `checking`. */
  readonly attempts?: number;
  readonly maximumAttempts?: number;
  /** Why the last attempt did not succeed, e.g. `conv_1 is STARTING (agent loading); look 3 of 60, next in 2 seconds`. */
  readonly lastSeen?: string;
  /** Set where it is stuck although it runs: no worker is there, or all are busy. */
  readonly overdue?: OverdueStep;
  /** How often in a row the workflow's own code could not go on, e.g. for want of a key. */
  readonly failedWorkflowTasks?: number;
  /** What the first of them met, e.g. `a payload is encrypted with key 'k2': the keys here are k1`. */
  readonly workflowTaskFailure?: string;
  /** These three as the start's memo tells; absent where another client did not set it. */
  readonly userId?: string;
  readonly apiUrl?: string;
  readonly server?: string;
  /** Set by `onProgress` while Temporal does not answer: all else is as it was last seen. */
  readonly retrying?: Retrying;
}

type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];
type EncodedFailure = Parameters<typeof decodeOptionalFailureToOptionalError>[1];

/** A worker that is there takes a step up within a second; and this machine's clock may be off by some. */
const overdueAfterMs = 5000;

/** The run's start, and its first workflow task: scheduled, started, and failed if need be. */
const eventsBeforeActivities = 4;

const { PENDING_ACTIVITY_STATE_SCHEDULED } = proto.temporal.api.enums.v1.PendingActivityState;
const { PENDING_WORKFLOW_TASK_STATE_SCHEDULED } = proto.temporal.api.enums.v1.PendingWorkflowTaskState;

/** The phases of runs that have ended, by what Temporal calls their status. */
const stateOfStatus: Readonly<Record<string, Exclude<RunState, 'running'>>> = {
  COMPLETED: 'ready',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed-out',
};

/** The state of a run, by what Temporal calls its status. */
export function runStateOf(statusName: string): RunState {
  return stateOfStatus[statusName] ?? 'running';
}

/** Reads a description of the workflow: the pending activity carries its attempt and what the last one met. */
export async function conversationStatus(
  client: Client,
  sid: string,
  description: WorkflowExecutionDescription,
): Promise<ConversationStatus> {
  const { workflowId, runId, startTime, closeTime, status, memo, historyLength, raw } = description;
  const { userId, apiUrl, server } = memo ?? {};
  const pending = raw.pendingActivities?.[0];
  // Between two activities, for a moment, there is none. The first to end is the create, so that a look comes next.
  const phaseWithout = historyLength > eventsBeforeActivities ? 'checking' : 'queued';
  const phase = stateOfStatus[status.name] ?? (pending ? await phaseOf(client, pending) : undefined) ?? phaseWithout;
  const overdue = overdueStep(description);
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
    ...(failedWorkflowTasks > 0 && { failedWorkflowTasks }),
    ...(taskFailure && { workflowTaskFailure: taskFailure.message }),
    ...(typeof userId === 'string' && { userId }),
    ...(typeof apiUrl === 'string' && { apiUrl }),
    ...(typeof server === 'string' && { server }),
  };
  if (!pending) return known;
  const failure = await lastFailure(client, pending.lastFailure);
  // A look knows how many there were before this activity; Temporal counts those of the activity alone.
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

/** The phase that an activity makes; one that makes several tells in its heartbeats which it is. */
async function phaseOf(client: Client, pending: PendingActivity): Promise<ConversationPhase | undefined> {
  const ofActivity = phaseOfActivity[pending.activityType?.name ?? ''];
  if (ofActivity !== 'preparing repository') return ofActivity;
  const { payloads } = pending.heartbeatDetails ?? {};
  const converter = client.options.loadedDataConverter;
  const heartbeat = await decodeFromPayloadsAtIndex<{ phase?: unknown }>(converter, 0, payloads).catch(() => undefined);
  return heartbeat?.phase === 'running setup script' ? heartbeat.phase : ofActivity;
}

/** The number of the step that is under way: Temporal counts a run's activities, from 1. `undefined` between two. */
export function stepOf({ raw }: WorkflowExecutionDescription): number | undefined {
  const [pending] = raw.pendingActivities ?? [];
  return pending ? Number(pending.activityId) : undefined;
}

/** A step that waits for its next attempt is due at that time; one that has begun is in a worker's hands. */
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

/** What comes into a history while tasks fail again and again is seldom more than this, such as signals. */
const latestEvents = 20;

/** Of tasks that fail one after another, the first alone is in the history. */
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

/** Without the key that it is encrypted with, a failure says so. */
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
