import type { WorkflowHandle } from '@temporalio/client';
import type { LoadedDataConverter, Payload } from '@temporalio/common';
import { decodeFromPayloadsAtIndex, decodeOptionalFailureToOptionalError, tsToMs } from '../codec/sdk-internals.js';
import type { CreateNestedConversationResult } from '../contract/input.js';
import type { ConversationMemo } from '../contract/names.js';
import { phaseOfActivity } from '../contract/phases.js';
import { oneLine } from '../contract/printing/one-line.js';
import { describeLooks, phases } from './words.js';

/** An event in a run's history, in plain words. */
export interface HistoryLine {
  readonly eventId: number;
  readonly at: Date;
  readonly told: string;
}

/** The fields of `checkConversationReady`'s input that are shown. Any version of a worker may have written them. */
interface RecordedCheck {
  readonly readiness: { readonly interval: string; readonly maximumAttempts: number };
  readonly attemptsBefore?: number;
}

/** The fields of its result that are shown. */
interface RecordedLook {
  readonly attempts: number;
  readonly ready: boolean;
  readonly status?: string;
  readonly seen?: string;
}

type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];
type Failure = Parameters<typeof decodeOptionalFailureToOptionalError>[1];

/** Events that only repeat what the events around them show. */
const silent =
  /^(workflowTask(Scheduled|Completed)|upsertWorkflowSearchAttributes|workflowPropertiesModified)EventAttributes$/;

/**
 * Describes a run's events in plain words, one line each. Leaves out events that only concern Temporal's bookkeeping. A
 * value that can't be decoded is shown as such.
 */
export async function tellHistory(
  events: readonly HistoryEvent[],
  dataConverter: LoadedDataConverter,
): Promise<HistoryLine[]> {
  const lines: HistoryLine[] = [];
  const teller = new Teller(events, dataConverter);
  for (const event of events) {
    const told = await teller.tell(event);
    if (told) lines.push({ eventId: Number(event.eventId), at: new Date(tsToMs(event.eventTime)), told });
  }
  return lines;
}

class Teller {
  readonly #scheduled: ReadonlyMap<number, HistoryEvent>;
  /** The first of these events shows when a worker picked up the run. The others add nothing. */
  readonly #takenUp: HistoryEvent | undefined;

  constructor(
    events: readonly HistoryEvent[],
    private readonly dataConverter: LoadedDataConverter,
  ) {
    this.#scheduled = new Map(events.map((event) => [Number(event.eventId), event]));
    this.#takenUp = events.find((event) => event.workflowTaskStartedEventAttributes);
  }

  async tell(event: HistoryEvent): Promise<string | undefined> {
    const kind = Object.keys(event).find((name) => name.endsWith('EventAttributes') && isSet(event, name)) ?? '';
    if (event.workflowTaskStartedEventAttributes) {
      const { identity } = event.workflowTaskStartedEventAttributes;
      return event === this.#takenUp ? `picked up by a worker (${identity})` : undefined;
    }
    if (silent.test(kind)) return undefined;
    return (await this.#tellOfRun(event)) ?? (await this.#tellOfActivity(event)) ?? inWords(kind);
  }

  async #tellOfRun(event: HistoryEvent): Promise<string | undefined> {
    if (event.workflowExecutionStartedEventAttributes) {
      const { memo } = event.workflowExecutionStartedEventAttributes;
      const { userId, apiUrl, server } = await this.#memo(memo?.fields ?? {});
      return userId ? `started for ${userId}, on ${server} at ${apiUrl}` : 'started';
    }
    if (event.workflowTaskFailedEventAttributes) {
      const { failure, identity } = event.workflowTaskFailedEventAttributes;
      return `a workflow task failed (${identity}) and is retried: ${await this.#reason(failure)}`;
    }
    if (event.workflowTaskTimedOutEventAttributes) return 'a worker was lost or too slow: the workflow task is retried';
    if (event.workflowExecutionCancelRequestedEventAttributes) return 'cancellation requested';
    if (event.workflowExecutionCompletedEventAttributes) {
      const { result } = event.workflowExecutionCompletedEventAttributes;
      return this.#decoded<CreateNestedConversationResult>(
        result?.payloads,
        ({ status, attempts }) => `ready (${status}) after ${describeLooks(attempts)}`,
      );
    }
    if (event.workflowExecutionFailedEventAttributes) {
      const { failure } = event.workflowExecutionFailedEventAttributes;
      const type = failure?.applicationFailureInfo?.type;
      return `failed: ${type ? `${type}: ` : ''}${await this.#reason(failure)}`;
    }
    if (event.workflowExecutionCanceledEventAttributes) return 'cancelled';
    if (event.workflowExecutionTerminatedEventAttributes) {
      const { reason, identity } = event.workflowExecutionTerminatedEventAttributes;
      return `terminated by ${identity}${reason ? `: ${reason}` : ''}`;
    }
    return event.workflowExecutionTimedOutEventAttributes ? 'timed out' : undefined;
  }

  async #tellOfActivity(event: HistoryEvent): Promise<string | undefined> {
    if (event.activityTaskScheduledEventAttributes) {
      const { input, retryPolicy } = event.activityTaskScheduledEventAttributes;
      const { doing, unit } = this.#activityOf(event.eventId);
      if (unit === 'attempt') return `${doing}: at most ${retryPolicy?.maximumAttempts} attempts`;
      return this.#decoded<RecordedCheck>(
        input?.payloads,
        ({ readiness: { interval, maximumAttempts }, attemptsBefore = 0 }) =>
          `${doing}: a look every ${interval}, at most ${maximumAttempts - attemptsBefore}`,
      );
    }
    if (event.activityTaskStartedEventAttributes) {
      const { scheduledEventId, attempt, lastFailure } = event.activityTaskStartedEventAttributes;
      const { unit } = this.#activityOf(scheduledEventId);
      const earlier = (attempt ?? 1) - 1;
      if (earlier === 0) return `first ${unit} started`;
      const met = await this.#reason(lastFailure);
      return `${unit} ${attempt} started, after ${earlier} that the history does not contain; the last of them: ${met}`;
    }
    if (event.activityTaskCompletedEventAttributes) {
      const { scheduledEventId, result } = event.activityTaskCompletedEventAttributes;
      const { doing, unit } = this.#activityOf(scheduledEventId);
      if (unit === 'attempt') return `finished ${doing}`;
      return this.#decoded<RecordedLook>(result?.payloads, (look) =>
        look.ready
          ? `look ${look.attempts} found it ready (${look.status})`
          : `look ${look.attempts} found ${look.seen}: createConversation has more to do`,
      );
    }
    const { activityTaskFailedEventAttributes: failed, activityTaskTimedOutEventAttributes: timedOut } = event;
    const ended = failed ?? timedOut;
    if (ended) {
      const { unit } = this.#activityOf(ended.scheduledEventId);
      return `the last ${unit} ${failed ? 'failed' : 'timed out'}: ${await this.#reason(ended.failure)}`;
    }
    if (event.activityTaskCancelRequestedEventAttributes) {
      const { doing } = this.#activityOf(event.activityTaskCancelRequestedEventAttributes.scheduledEventId);
      return `requested to stop ${doing}`;
    }
    return event.activityTaskCanceledEventAttributes ? 'stopped as requested' : undefined;
  }

  #activityOf(scheduledEventId: unknown): { readonly doing: string; readonly unit: 'look' | 'attempt' } {
    const attributes = this.#scheduled.get(Number(scheduledEventId))?.activityTaskScheduledEventAttributes;
    const type = attributes?.activityType?.name ?? '';
    const phase = phaseOfActivity[type];
    return { doing: phase ? phases[phase] : type, unit: phase === 'checking' ? 'look' : 'attempt' };
  }

  async #memo(fields: Readonly<Record<string, Payload>>): Promise<Partial<ConversationMemo>> {
    const tell = async ([name, payload]: [string, Payload]) => [name, await this.#decoded<string>([payload], String)];
    return Object.fromEntries(await Promise.all(Object.entries(fields).map(tell)));
  }

  async #reason(failure: Failure): Promise<string> {
    try {
      const error = await decodeOptionalFailureToOptionalError(this.dataConverter, failure);
      return error ? oneLine(error) : 'no reason is given';
    } catch (error) {
      return unreadable(error);
    }
  }

  async #decoded<T>(payloads: Payload[] | null | undefined, tell: (value: T) => string): Promise<string> {
    try {
      return tell(await decodeFromPayloadsAtIndex<T>(this.dataConverter, 0, payloads));
    } catch (error) {
      return unreadable(error);
    }
  }
}

function isSet(event: HistoryEvent, name: string): boolean {
  return event[name as keyof HistoryEvent] != null;
}

function unreadable(error: unknown): string {
  return `(can't be read: ${oneLine(error)})`;
}

/** Names an event that another client caused, e.g. a signal: `workflowExecutionSignaledEventAttributes` in words. */
function inWords(kind: string): string {
  return kind.replace('EventAttributes', '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
