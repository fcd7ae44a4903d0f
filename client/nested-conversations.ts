import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { ClaimCheck } from '../codec/claim-check.js';
import type { PayloadStore } from '../codec/payload-store.js';
import { parseDuration } from '../contract/duration.js';
import type { DurationString } from '../contract/duration-string.js';
import type { CreateNestedConversationInput, CreateNestedConversationResult } from '../contract/input.js';
import { defaultTaskQueue } from '../contract/names.js';
import { askUntilAnswered } from './ask-temporal.js';
import {
  type ConversationStatus,
  conversationStatus,
  type Retrying,
  type RunState,
  runStateOf,
} from './conversation-status.js';
import { describeRun, tolerantReader } from './describe-run.js';
import { InvalidInputError, WaitTimeoutError } from './errors.js';
import { type ConversationFilter, type ListedConversation, listConversations } from './list-conversations.js';
import { defaultLongPolls } from './long-polls.js';
import { onAbort } from './on-abort.js';
import { Progress } from './progress.js';
import { runResult } from './run-result.js';
import { SearchAttributesMissingError } from './search-attributes.js';
import { type StartedConversation, type Starting, startOrAttach } from './start-or-attach.js';
import { type HistoryLine, tellHistory } from './tell-history.js';
import { sdkClient, type TemporalClient } from './temporal-client.js';
import { traceStart } from './trace-start.js';
import { waitForEnd } from './wait-for-end.js';

export interface NestedConversationsOptions {
  /** The task queue that the workers poll. @default 'nested-conversations' */
  readonly taskQueue?: string | undefined;
  /** Told once where the namespace lacks the search attributes: all else works without. @default a process warning */
  readonly onHint?: ((hint: string) => void) | undefined;
  /** Where a replay that is too large for Temporal is left for the workers. @default none: such a replay is refused */
  readonly payloadStore?: PayloadStore | undefined;
  /**
   * How many waits of this **process** hold a long poll at a time, which hears of the end at once; the others hear of it
   * within 12 seconds. More than some 90 need a connection to Temporal without a proxy that limits streams, and count
   * against the pollers that the namespace allows. @default 64
   */
  readonly longPolls?: number | undefined;
}

export interface StartOptions {
  /**
   * Continue a conversation whose run has completed, with a new message. Without it that run's result counts, so that a
   * caller who crashed and calls again does not send the message twice. Of several who resume the same run with the same
   * message one sends it, and the others share its run.
   * @default false
   */
  readonly resume?: boolean | undefined;
  /**
   * Resume after the run with this id, and no later one: `status` tells the newest run's before. For a caller that keeps it,
   * so that its next attempt after a crash shares what the first one began, in place of sending the message again.
   * @default with `resume`, the newest run when it is called
   */
  readonly resumeAfter?: string | undefined;
}

export interface WaitOptions {
  /** Called when what is known of the start has changed. Phases never go back, but for a create that is made again. */
  readonly onProgress?: ((status: ConversationStatus) => void) | undefined;
  /** Called when Temporal does not answer and is asked again, once for each outage. */
  readonly onRetrying?: ((retrying: Retrying) => void) | undefined;
  /** Ends the waiting with the signal's reason, not the start: call again to go on waiting, or `cancel` to end it. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the waiting with a {@link WaitTimeoutError}, not the start. @default none: as long as the start takes */
  readonly timeout?: DurationString | undefined;
}

export interface EnsureReadyOptions extends StartOptions, WaitOptions {}

/** A conversation that is ready, and the run that made it so. */
export interface ReadyConversation extends CreateNestedConversationResult {
  readonly workflowId: string;
  readonly runId: string;
}

/** The same, and whether this call began the run. */
export type EnsuredConversation = ReadyConversation & Pick<StartedConversation, 'attached' | 'attachedTo'>;

/** What {@link NestedConversations.cancel} found. */
export interface CancelledConversation {
  readonly sid: string;
  readonly workflowId: string;
  readonly runId: string;
  /** Whether the run was asked to end; `false` where it had ended already. */
  readonly cancelRequested: boolean;
  /** The run's state before: `running`, or how it had ended. */
  readonly state: RunState;
}

/** Starts conversations in OpenHands servers, durably, and knows how they come along. */
export class NestedConversations {
  readonly #client: Client;
  readonly #reader: Client;
  readonly #taskQueue: string;
  readonly #claimCheck: ClaimCheck | undefined;
  readonly #onHint: (hint: string) => void;
  readonly #longPolls: number;
  /** Until Temporal says otherwise. */
  #hasSearchAttributes = true;

  /** @param client Of `@temporalio/client` 1.x, with the data converter of the workers: see `dataConverterFor`. */
  constructor(client: TemporalClient, options: NestedConversationsOptions = {}) {
    const { taskQueue = defaultTaskQueue, payloadStore, onHint = process.emitWarning } = options;
    const { longPolls = defaultLongPolls } = options;
    if (!Number.isInteger(longPolls) || longPolls < 0) {
      throw InvalidInputError.of([{ field: 'longPolls', problem: 'must be a whole number from 0' }]);
    }
    this.#client = sdkClient(client);
    this.#reader = tolerantReader(this.#client);
    this.#taskQueue = taskQueue;
    this.#onHint = onHint;
    this.#longPolls = longPolls;
    const { payloadCodecs } = this.#client.options.loadedDataConverter;
    this.#claimCheck = payloadStore && new ClaimCheck(payloadStore, payloadCodecs);
  }

  /**
   * Starts the conversation, or attaches to the run that is there, if that is the same start: it runs, or has completed.
   * A run that failed, was cancelled or terminated is started again. The lock holds whatever crashes.
   *
   * @throws {@link InvalidInputError} before anything is started
   * @throws ConversationTakenError where the run is another user's, or on another server
   * @throws MessageNotSentError where the run was started with another message or replay
   * @throws StartNotComparableError where the run's input can't be read
   */
  start(input: CreateNestedConversationInput, options: StartOptions = {}): Promise<StartedConversation> {
    return this.#start(input, options, (call) => call());
  }

  /**
   * Starts the conversation, or attaches as {@link start} does, and waits until it is ready. A Temporal that can't be
   * reached, or is busy, makes it wait longer; call it again after a crash.
   *
   * @throws As {@link start}; the class that belongs to the run's failure type; `ConversationAbortedError` where the run
   *   was cancelled, terminated or timed out; {@link WaitTimeoutError}; or the signal's reason
   */
  async ensureReady(
    input: CreateNestedConversationInput,
    { resume, resumeAfter, ...options }: EnsureReadyOptions = {},
  ): Promise<EnsuredConversation> {
    return this.#within(String(input?.sid), options, async (progress, signal) => {
      const ask: Starting['ask'] = (call) =>
        askUntilAnswered(this.#client, call, { signal, onRetrying: progress.onRetrying });
      const { sid, workflowId, runId, ...how } = await this.#start(input, { resume, resumeAfter }, ask);
      const run = { sid, workflowId, runId };
      return { ...(await this.#waitFor(run, progress, signal)), ...how };
    });
  }

  /**
   * Waits until the conversation's newest run has made it ready, whoever started it.
   *
   * @throws ConversationNotFoundError where there is none, or as {@link ensureReady}
   */
  async wait(sid: string, options: WaitOptions = {}): Promise<ReadyConversation> {
    return this.#within(sid, options, async (progress, signal) => {
      const asking = { signal, onRetrying: progress.onRetrying };
      const { workflowId, runId } = await askUntilAnswered(
        this.#client,
        () => describeRun(this.#reader, { sid }),
        asking,
      );
      return this.#waitFor({ sid, workflowId, runId }, progress, signal);
    });
  }

  /**
   * How the conversation's newest run comes along.
   * @throws ConversationNotFoundError
   */
  async status(sid: string): Promise<ConversationStatus> {
    return conversationStatus(this.#client, sid, await describeRun(this.#reader, { sid }));
  }

  /**
   * The result of the conversation's newest run, which must have ended.
   * @throws As {@link ensureReady}
   */
  async result(sid: string): Promise<CreateNestedConversationResult> {
    const { workflowId, runId } = await describeRun(this.#reader, { sid });
    return runResult(this.#client, { sid, workflowId, runId });
  }

  /**
   * What has happened in the conversation's newest run, in plain words. Attempts that were followed by another are not
   * in Temporal's history: the lines say how many there were.
   * @throws ConversationNotFoundError
   */
  async history(sid: string): Promise<HistoryLine[]> {
    const { workflowId, runId } = await describeRun(this.#reader, { sid });
    const { events } = await this.#client.workflow.getHandle(workflowId, runId).fetchHistory();
    return tellHistory(events ?? [], this.#client.options.loadedDataConverter);
  }

  /**
   * Asks the conversation's run to end; it ends as cancelled, after `onFailure` was seen to. A run that has ended stays
   * as it is.
   * @throws ConversationNotFoundError
   */
  async cancel(sid: string): Promise<CancelledConversation> {
    const { workflowId, runId, status } = await describeRun(this.#reader, { sid });
    const state = runStateOf(status.name);
    const cancelRequested = state === 'running' && (await this.#requestCancel(workflowId, runId));
    return { sid, workflowId, runId, cancelRequested, state };
  }

  /**
   * The conversations' runs, the newest first, as Temporal's visibility store has them: a moment behind.
   * @throws {@link SearchAttributesMissingError} where a filter needs one that the namespace lacks
   */
  list(filter?: ConversationFilter): AsyncIterable<ListedConversation> {
    return listConversations(this.#client, this.#reader, filter);
  }

  async #start(
    input: CreateNestedConversationInput,
    { resume, resumeAfter }: StartOptions,
    ask: Starting['ask'],
  ): Promise<StartedConversation> {
    // It brings zod, which takes a while to load, and which nothing but a start needs.
    const { parseInput } = await import('../contract/input.js');
    const parsed = parseInput(input);
    if ('problems' in parsed) throw InvalidInputError.of(parsed.problems);
    const { conversation } = parsed;
    const searchAttributes = {
      areThere: this.#hasSearchAttributes,
      noteMissing: () => {
        searchAttributes.areThere = false;
        this.#noteMissingSearchAttributes();
      },
    };
    const starting: Starting = {
      client: this.#client,
      reader: this.#reader,
      taskQueue: this.#taskQueue,
      claimCheck: this.#claimCheck,
      resume: resume ?? resumeAfter !== undefined,
      resumeAfter,
      searchAttributes,
      ask,
    };
    return traceStart(conversation.sid, () => startOrAttach(starting, input, conversation));
  }

  async #waitFor(
    run: { readonly sid: string; readonly workflowId: string; readonly runId: string },
    progress: Progress,
    signal: AbortSignal,
  ): Promise<ReadyConversation> {
    const wait = { client: this.#client, reader: this.#reader, longPolls: this.#longPolls, run, progress, signal };
    const result = await waitForEnd(wait);
    return { ...result, workflowId: run.workflowId, runId: run.runId };
  }

  /** Does some work until the caller's signal, or the time limit, says that it is enough. */
  async #within<T>(
    sid: string,
    { onProgress, onRetrying, signal, timeout }: WaitOptions,
    work: (progress: Progress, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const progress = new Progress({ onProgress, onRetrying });
    const enough = new AbortController();
    const takeBack = onAbort(signal, () => enough.abort(signal?.reason));
    const timer = timeout === undefined ? undefined : setTimeout(() => enough.abort(timedOut()), timeLimitMs(timeout));
    const timedOut = () => {
      const { latest } = progress;
      const { workflowId, runId } = latest ?? {};
      return new WaitTimeoutError({ timeout: timeout ?? '', status: latest }, { sid, workflowId, runId });
    };
    try {
      return await work(progress, enough.signal);
    } finally {
      clearTimeout(timer);
      takeBack();
    }
  }

  async #requestCancel(workflowId: string, runId: string): Promise<boolean> {
    try {
      await this.#client.workflow.getHandle(workflowId, runId).cancel();
      return true;
    } catch (error) {
      // It has ended since it was described.
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }

  /** Once, however many starts at once find it out. */
  #noteMissingSearchAttributes(): void {
    if (!this.#hasSearchAttributes) return;
    this.#hasSearchAttributes = false;
    this.#onHint(new SearchAttributesMissingError(this.#client.options.namespace).message);
  }
}

/** Timers take no more than 2^31 ms. */
const longestTimeLimitMs = 24 * 24 * 60 * 60 * 1000;

function timeLimitMs(timeout: string): number {
  const milliseconds = parseDuration(timeout);
  if (milliseconds !== undefined && milliseconds > 0 && milliseconds <= longestTimeLimitMs) return milliseconds;
  const problem = "must be a duration up to '24 days', such as '5 minutes'";
  throw InvalidInputError.of([{ field: 'timeout', problem }]);
}
