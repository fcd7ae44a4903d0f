import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import proto from '@temporalio/proto';
import { decodeFromPayloadsAtIndex, decodeOptionalFailureToOptionalError } from '../codec/sdk-internals.js';
import { type FailureType, failureTypes } from '../contract/failures.js';
import type { CreateNestedConversationResult } from '../contract/input.js';
import { ConversationAbortedError, conversationErrorOf, UnknownFailureError } from './errors.js';

const { HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT } = proto.temporal.api.enums.v1.HistoryEventFilterType;

/** A run of a conversation. */
export interface RunIds {
  readonly sid: string;
  readonly workflowId: string;
  readonly runId: string;
}

/** The last event of a run that has ended. */
export type CloseEvent = proto.temporal.api.history.v1.IHistoryEvent;

type Answer = Awaited<ReturnType<Client['workflowService']['getWorkflowExecutionHistory']>>;

/**
 * Gets the last event of a run. With `wait`, Temporal answers when the run has ended, or with no event after a while.
 */
export function askForEnd(
  { workflowService, options: { namespace } }: Client,
  { workflowId, runId }: Omit<RunIds, 'sid'>,
  wait?: { readonly nextPageToken?: Uint8Array | null | undefined },
): Promise<Answer> {
  return workflowService.getWorkflowExecutionHistory({
    namespace,
    execution: { workflowId, runId },
    historyEventFilterType: HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
    skipArchival: true,
    ...(wait && { waitNewEvent: true, ...(wait.nextPageToken && { nextPageToken: wait.nextPageToken }) }),
  });
}

/** Whether an event is a run's last. */
export function isEnd(event: CloseEvent): boolean {
  return Boolean(
    event.workflowExecutionCompletedEventAttributes ??
      event.workflowExecutionFailedEventAttributes ??
      event.workflowExecutionCanceledEventAttributes ??
      event.workflowExecutionTerminatedEventAttributes ??
      event.workflowExecutionTimedOutEventAttributes ??
      event.workflowExecutionContinuedAsNewEventAttributes,
  );
}

/** The result of a run that has ended. */
export async function runResult(client: Client, run: RunIds): Promise<CreateNestedConversationResult> {
  const [event] = (await askForEnd(client, run)).history?.events ?? [];
  return resultOf(client, run, event ?? {});
}

/** The result in a run's last event. Throws the error class of its failure type if the run failed. */
export async function resultOf(
  client: Client,
  run: RunIds,
  event: CloseEvent,
): Promise<CreateNestedConversationResult> {
  const { loadedDataConverter } = client.options;
  const { workflowExecutionCompletedEventAttributes: completed, workflowExecutionFailedEventAttributes: failed } =
    event;
  if (completed) return decodeFromPayloadsAtIndex(loadedDataConverter, 0, completed.result?.payloads);
  if (event.workflowExecutionCanceledEventAttributes) throw new ConversationAbortedError('cancelled', run);
  if (event.workflowExecutionTerminatedEventAttributes) throw new ConversationAbortedError('terminated', run);
  if (event.workflowExecutionTimedOutEventAttributes) throw new ConversationAbortedError('timed out', run);
  const cause = await decodeOptionalFailureToOptionalError(loadedDataConverter, failed?.failure);
  throw failureError(run, cause);
}

function failureError(run: RunIds, cause: Error | undefined): Error {
  const origin = { ...run, cause };
  const { type, details } = cause instanceof ApplicationFailure ? cause : { type: undefined, details: undefined };
  const message = cause?.message ?? `The start of ${run.sid} has not ended, or its history can't be read`;
  return isFailureType(type)
    ? conversationErrorOf(type, { ...origin, message, details: details?.[0] })
    : new UnknownFailureError(message, { type: type ?? undefined }, origin);
}

function isFailureType(type: string | null | undefined): type is FailureType {
  return type != null && Object.hasOwn(failureTypes, type);
}
