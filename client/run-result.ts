import { type Client, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { type FailureType, failureTypes } from '../contract/failures.js';
import type { CreateNestedConversationResult } from '../contract/input.js';
import type { ErrorOrigin } from '../contract/nested-conversation-error.js';
import { type AbortedHow, ConversationAbortedError, conversationErrorOf, UnknownFailureError } from './errors.js';

/** A run of a conversation. */
export interface RunIds {
  readonly sid: string;
  readonly workflowId: string;
  readonly runId: string;
}

/** What a run came to; it waits where the run has not ended. */
export async function runResult(
  client: Client,
  { sid, workflowId, runId }: RunIds,
): Promise<CreateNestedConversationResult> {
  try {
    return await client.workflow.getHandle(workflowId, runId).result();
  } catch (error) {
    throw error instanceof WorkflowFailedError ? outcomeError(error, { sid, workflowId, runId }) : error;
  }
}

/** The run's failure as the class of its type. */
function outcomeError({ cause }: WorkflowFailedError, run: ErrorOrigin & { readonly sid: string }): Error {
  const origin = { ...run, cause };
  if (!(cause instanceof ApplicationFailure)) return new ConversationAbortedError(howAborted(cause), origin);
  const { message, type, details } = cause;
  return isFailureType(type)
    ? conversationErrorOf(type, { ...origin, message, details: details?.[0] })
    : new UnknownFailureError(message, { type: type ?? undefined }, origin);
}

function howAborted(cause: unknown): AbortedHow {
  if (cause instanceof CancelledFailure) return 'cancelled';
  return cause instanceof TerminatedFailure ? 'terminated' : 'timed out';
}

function isFailureType(type: string | null | undefined): type is FailureType {
  return type != null && Object.hasOwn(failureTypes, type);
}
