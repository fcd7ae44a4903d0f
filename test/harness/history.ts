import { setTimeout } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { tsToMs } from '../../codec/sdk-internals.js';

/** An activity's entry in the history: its policy and its last attempt. */
export interface RecordedActivity {
  readonly type: string;
  readonly startToCloseTimeoutMs: number;
  readonly retryPolicy: {
    readonly intervalMs: number;
    readonly backoffCoefficient: number;
    readonly maximumAttempts: number;
  };
  /** The number of the last attempt. */
  readonly attempts: number;
  /** The time from its scheduling to the start of the last attempt: all earlier attempts and their intervals. */
  readonly waitedMs: number;
}

/** The activities of a run, in order. The history keeps only the last attempt of each. */
export async function recordedActivities(handle: WorkflowHandle): Promise<RecordedActivity[]> {
  const { events } = await handle.fetchHistory();
  const started = new Map(
    (events ?? []).flatMap((event) => {
      const attributes = event.activityTaskStartedEventAttributes;
      return attributes ? [[Number(attributes.scheduledEventId), { event, attempt: attributes.attempt ?? 0 }]] : [];
    }),
  );
  return (events ?? []).flatMap((event) => {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (!scheduled) return [];
    const last = started.get(Number(event.eventId));
    return [
      {
        type: scheduled.activityType?.name ?? '',
        startToCloseTimeoutMs: tsToMs(scheduled.startToCloseTimeout),
        retryPolicy: {
          intervalMs: tsToMs(scheduled.retryPolicy?.initialInterval),
          backoffCoefficient: scheduled.retryPolicy?.backoffCoefficient ?? 0,
          maximumAttempts: scheduled.retryPolicy?.maximumAttempts ?? 0,
        },
        attempts: last?.attempt ?? 0,
        waitedMs: last ? tsToMs(last.event.eventTime) - tsToMs(event.eventTime) : 0,
      },
    ];
  });
}

/** The number of events in the run's history. */
export async function historyLength(handle: WorkflowHandle): Promise<number> {
  return (await handle.fetchHistory()).events?.length ?? 0;
}

/** Resolves once the run has asked its activity to cancel. */
export async function cancellationRequested(handle: WorkflowHandle): Promise<void> {
  for (;;) {
    const { events } = await handle.fetchHistory();
    if (events?.some((event) => event.activityTaskCancelRequestedEventAttributes)) return;
    await setTimeout(20);
  }
}
