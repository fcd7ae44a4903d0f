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
  /**
   * Called once if the namespace lacks the search attributes. Everything except filters works without them.
   * @default a process warning
   */
  readonly onHint?: ((hint: string) => void) | undefined;
  /** Where to store a replay that is too large for Temporal. @default none: such a replay is refused */
  readonly payloadStore?: PayloadStore | undefined;
  /**
   * How many waits of this **process** hold a long poll at the same time. A long poll reports the end at once; the
   * other waits learn of it within 12 seconds. More than about 90 need a connection to Temporal without a proxy that
   * limits streams, and they count against the namespace's limit of pollers. @default 64
   */
  readonly longPolls?: number | undefined;
}

export interface StartOptions {
  /**
   * Continue a conversation whose run has completed, with a new message. Without it, the completed run's result is
   * returned, so that a caller that crashed and calls again does not send the message twice. If several callers resume
   * the same run with the same message, it is sent once, and they share the new run.
   * @default false
   */
  readonly resume?: boolean | undefined;
  /**
   * Resume after the run with this id and not after a later one. `status` returns the newest run's id. If the caller
   * stores it before the call, then a call after a crash attaches to the run that the first call started, instead of
   * sending the message again.
   * @default with `resume`, the newest run at the time of the call
   */
  readonly resumeAfter?: string | undefined;
  /**
   * An id of this call, unique, and the same when the call is repeated after a crash. If an earlier call with this id
   * started the newest run, the run's outcome is this call's, even if it has failed or was cancelled. Otherwise, such a
   * run is started again.
   * @default a new one for each call
   */
  readonly callId?: string | undefined;
}

export interface WaitOptions {
  /** Called when the status has changed. Phases never go back, unless the conversation is created again. */
  readonly onProgress?: ((status: ConversationStatus) => void) | undefined;
  /** Called once per outage, when Temporal does not answer. The call is repeated. */
  readonly onRetrying?: ((retrying: Retrying) => void) | undefined;
  /**
   * Aborting ends the wait, with the signal's reason. The start continues: call again to wait on, or `cancel` to end
   * it.
   */
  readonly signal?: AbortSignal | undefined;
  /** Ends the wait with a {@link WaitTimeoutError}. The start continues. @default none: as long as the start takes */
  readonly timeout?: DurationString | undefined;
}

export interface EnsureReadyOptions extends StartOptions, WaitOptions {}

/** A ready conversation, and the run that started it. */
export interface ReadyConversation extends CreateNestedConversationResult {
  readonly workflowId: string;
  readonly runId: string;
}

/** Also says whether this call started the run. */
export type EnsuredConversation = ReadyConversation & Pick<StartedConversation, 'attached' | 'attachedTo'>;

/** The result of {@link NestedConversations.cancel}. */
export interface CancelledConversation {
  readonly sid: string;
  readonly workflowId: string;
  readonly runId: string;
  /** Whether cancellation was requested; `false` if the run had already ended. */
  readonly cancelRequested: boolean;
  /** The run's state before the call: `running`, or how it ended. */
  readonly state: RunState;
}

/** Starts conversations in OpenHands servers durably, and reports their status. */
export class NestedConversations {
  readonly #client: Client;
  readonly #reader: Client;
  readonly #taskQueue: string;
  readonly #claimCheck: ClaimCheck | undefined;
  readonly #onHint: (hint: string) => void;
  readonly #longPolls: number;
  /** Assumed until Temporal rejects them. */
  #hasSearchAttributes = true;

  /**
   * @param client A client of `@temporalio/client` 1.x with the data converter of the workers: see `dataConverterFor`.
   */
  constructor(client: TemporalClient, options: NestedConversationsOptions = {}) {
    const { taskQueue = defaultTaskQueue, payloadStore, onHint = process.emitWarning } = options;
    const { longPolls = defaultLongPolls } = options;
    if (!Number.isInteger(longPolls) || longPolls < 0) {
      throw InvalidInputError.of([{ field: 'longPolls', problem: 'must be a whole number of at least 0' }]);
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
   * Starts the conversation. If the same start is already running or has completed, attaches to its run. A run that
   * failed, was cancelled or terminated is started again, unless `callId` says that it is this call's. The workflow id
   * is the lock, so this holds even if processes crash.
   *
   * @throws {@link InvalidInputError} before anything is started
   * @throws ConversationTakenError if the run belongs to another user, is on another server, or is another workflow
   * @throws MessageNotSentError if the run was started with another message or replay
   * @throws StartNotComparableError if the run's input can't be read
   */
  start(input: CreateNestedConversationInput, options: StartOptions = {}): Promise<StartedConversation> {
    return this.#start(input, options, (call) => call());
  }

  /**
   * Starts the conversation, or attaches to its run like {@link start}, and waits until it is ready. If Temporal can't
   * be reached or is busy, it keeps trying. Call it again after a crash.
   *
   * @throws The errors of {@link start}; the class of the run's failure type; `ConversationAbortedError` if the run was
   *   cancelled, terminated or timed out; {@link WaitTimeoutError}; or the signal's reason
   */
  async ensureReady(
    input: CreateNestedConversationInput,
    { resume, resumeAfter, callId, ...options }: EnsureReadyOptions = {},
  ): Promise<EnsuredConversation> {
    return this.#within(String(input?.sid), options, async (progress, signal) => {
      const ask: Starting['ask'] = (call) =>
        askUntilAnswered(this.#client, call, { signal, onRetrying: progress.onRetrying });
      const { sid, workflowId, runId, ...how } = await this.#start(input, { resume, resumeAfter, callId }, ask);
      const run = { sid, workflowId, runId };
      return { ...(await this.#waitFor(run, progress, signal)), ...how };
    });
  }

  /**
   * Waits until the conversation's newest run has made it ready. Any client may have started that run.
   *
   * @throws ConversationNotFoundError if there is none, or the errors of {@link ensureReady}
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
   * The status of the conversation's newest run.
   * @throws ConversationNotFoundError, or ConversationTakenError if it is another workflow
   */
  async status(sid: string): Promise<ConversationStatus> {
    return conversationStatus(this.#client, sid, await describeRun(this.#reader, { sid }));
  }

  /**
   * The result of the conversation's newest run, which must have ended.
   * @throws The errors of {@link ensureReady}
   */
  async result(sid: string): Promise<CreateNestedConversationResult> {
    const { workflowId, runId } = await describeRun(this.#reader, { sid });
    return runResult(this.#client, { sid, workflowId, runId });
  }

  /**
   * The events of the conversation's newest run, in plain words. Temporal's history does not contain attempts that were
   * retried: the lines only give their number.
   * @throws ConversationNotFoundError, or ConversationTakenError if it is another workflow
   */
  async history(sid: string): Promise<HistoryLine[]> {
    const { workflowId, runId } = await describeRun(this.#reader, { sid });
    const { events } = await this.#client.workflow.getHandle(workflowId, runId).fetchHistory();
    return tellHistory(events ?? [], this.#client.options.loadedDataConverter);
  }

  /**
   * Requests cancellation of the conversation's run. The run ends as cancelled, after it has applied `onFailure`. A run
   * that has ended does not change.
   * @throws ConversationNotFoundError, or ConversationTakenError if it is another workflow
   */
  async cancel(sid: string): Promise<CancelledConversation> {
    const { workflowId, runId, status } = await describeRun(this.#reader, { sid });
    const state = runStateOf(status.name);
    const cancelRequested = state === 'running' && (await this.#requestCancel(workflowId, runId));
    return { sid, workflowId, runId, cancelRequested, state };
  }

  /**
   * The runs of conversations, newest first. Temporal's visibility store lags behind by a moment.
   * @throws {@link SearchAttributesMissingError} if a filter needs a search attribute that the namespace lacks
   */
  list(filter?: ConversationFilter): AsyncIterable<ListedConversation> {
    return listConversations(this.#client, this.#reader, filter);
  }

  async #start(
    input: CreateNestedConversationInput,
    { resume, resumeAfter, callId }: StartOptions,
    ask: Starting['ask'],
  ): Promise<StartedConversation> {
    // Loaded here because it imports zod, which loads slowly and which only a start needs.
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
      callId,
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

  /** Runs `work` until the caller's signal or time limit ends it. */
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
      // The run ended after it was described.
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }

  /** Reports only once, even if several starts find out at the same time. */
  #noteMissingSearchAttributes(): void {
    if (!this.#hasSearchAttributes) return;
    this.#hasSearchAttributes = false;
    this.#onHint(new SearchAttributesMissingError(this.#client.options.namespace).message);
  }
}

/** Node's timers are limited to 2^31 ms. */
const longestTimeLimitMs = 24 * 24 * 60 * 60 * 1000;

function timeLimitMs(timeout: string): number {
  const milliseconds = parseDuration(timeout);
  if (milliseconds !== undefined && milliseconds > 0 && milliseconds <= longestTimeLimitMs) return milliseconds;
  const problem = "must be a duration up to '24 days', such as '5 minutes'";
  throw InvalidInputError.of([{ field: 'timeout', problem }]);
}
