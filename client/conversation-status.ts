import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
import type { FailureDetails } from '../contract/failures.js';
import { type ConversationPhase, phaseOfActivity } from '../contract/phases.js';

/** Where a run is: in one of its own phases, or at an end that came from outside. */
export type RunPhase = ConversationPhase | 'terminated' | 'timed-out';

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
}

const phaseOfStatus: Record<string, RunPhase> = {
  COMPLETED: 'ready',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed-out',
};

/** Reads a description of the workflow: the pending activity carries its attempt and what the last one met. */
export async function conversationStatus(
  client: Client,
  sid: string,
  description: WorkflowExecutionDescription,
): Promise<ConversationStatus> {
  const { workflowId, runId, startTime, closeTime, status, raw } = description;
  const pending = raw.pendingActivities?.[0];
  const phase = phaseOfStatus[status.name] ?? phaseOfActivity[pending?.activityType?.name ?? ''] ?? 'queued';
  const known = { sid, workflowId, runId, phase, startedAt: startTime, ...(closeTime && { closedAt: closeTime }) };
  if (!pending) return known;
  const failure = await decodeOptionalFailureToOptionalError(client.options.loadedDataConverter, pending.lastFailure);
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

function lookDetails(failure: Error | undefined): Partial<FailureDetails['ConversationNotReady']> | undefined {
  const [details] = (failure instanceof ApplicationFailure && failure.details) || [];
  return details as Partial<FailureDetails['ConversationNotReady']> | undefined;
}
