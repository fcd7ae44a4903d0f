import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  WorkflowFailedError,
  WorkflowNotFoundError,
  type WorkflowOptions,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { ClaimCheck } from '../codec/claim-check.js';
import type { PayloadStore } from '../codec/payload-store.js';
import { type FailureType, failureTypes } from '../contract/failures.js';
import {
  type Conversation,
  type CreateNestedConversationInput,
  type CreateNestedConversationResult,
  parseInput,
} from '../contract/input.js';
import { type ConversationMemo, defaultTaskQueue, workflowIdOf, workflowType } from '../contract/names.js';
import { type ConversationStatus, conversationStatus } from './conversation-status.js';
import {
  ConversationAbortedError,
  ConversationNotFoundError,
  ConversationTakenError,
  conversationErrors,
  InvalidInputError,
} from './errors.js';
import { fitInput, hasLargeReplay } from './fit-input.js';
import { type ConversationFilter, type ListedConversation, listConversations } from './list-conversations.js';
import { firstDelayMs, isPassing, isRefused, longer, pause, persist } from './persist.js';
import { isAboutSearchAttributes, SearchAttributesMissingError, searchAttributesOf } from './search-attributes.js';
import { type HistoryLine, tellHistory } from './tell-history.js';
import { traceStart } from './trace-start.js';

export interface NestedConversationsOptions {
  /** The task queue that the workers poll. @default 'nested-conversations' */
  readonly taskQueue?: string;
  /** Told once where the namespace lacks the search attributes: all else works without. @default a process warning */
  readonly onHint?: ((hint: string) => void) | undefined;
  /** Where a replay that is too large for Temporal is left for the workers. @default none: such a replay is refused */
  readonly payloadStore?: PayloadStore | undefined;
}

export interface StartOptions {
  /**
   * Start anew where an earlier run completed: a finished conversation goes on with a new message. Without it that
   * run's result counts, so that a caller who crashed and calls again does not send the message twice.
   * @default false
   */
  readonly resume?: boolean | undefined;
}

export interface EnsureReadyOptions extends StartOptions {
  /** Called when what is known of the start has changed. */
  readonly onProgress?: (status: ConversationStatus) => void;
  /**
   * Ends the waiting, not the start: call again to go on waiting, or `cancel` to end it. For a time limit use this, and
   * not the Temporal client's `withDeadline`: a call that ran into its deadline is made again.
   */
  readonly signal?: AbortSignal;
}

export interface StartedConversation {
  readonly sid: string;
  readonly workflowId: string;
  readonly runId: string;
  /** Whether the run was there already: it runs, or it has completed. */
  readonly attached: boolean;
}

/** Starts conversations in OpenHands servers, durably, and knows how they come along. */
export class NestedConversations {
  readonly #client: Client;
  readonly #taskQueue: string;
  readonly #claimCheck: ClaimCheck | undefined;
  readonly #onHint: (hint: string) => void;
  /** Until Temporal says otherwise. */
  #hasSearchAttributes = true;

  /** @param client With the data converter of the workers: see `dataConverterFor`. */
  constructor(client: Client, options: NestedConversationsOptions = {}) {
    const { taskQueue = defaultTaskQueue, payloadStore, onHint = process.emitWarning } = options;
    this.#client = client;
    this.#taskQueue = taskQueue;
    this.#onHint = onHint;
    const { payloadCodecs } = client.options.loadedDataConverter;
    this.#claimCheck = payloadStore && new ClaimCheck(payloadStore, payloadCodecs);
  }

  /**
   * Starts the conversation, or attaches to the run that is there: Temporal's uniqueness of the workflow id is the
   * lock, and it holds whatever crashes. A run that failed, was cancelled or terminated is started again.
   *
   * @throws {@link InvalidInputError} before anything is started
   * @throws {@link ConversationTakenError} where the run is another user's, or on another server
   */
  async start(
    input: CreateNestedConversationInput,
    { resume = false }: StartOptions = {},
  ): Promise<StartedConversation> {
    const parsed = parseInput(input);
    if ('problems' in parsed) throw InvalidInputError.of(parsed.problems);
    const { conversation } = parsed;
    return traceStart(conversation.sid, () => this.#startOrAttach(input, conversation, resume));
  }

  async #startOrAttach(
    input: CreateNestedConversationInput,
    { sid, userId, apiUrl, server }: Conversation,
    resume: boolean,
  ): Promise<StartedConversation> {
    const memo: ConversationMemo = { userId, apiUrl, server };
    const workflowId = workflowIdOf(sid);
    // What takes seconds to send is not sent where it turns out that nothing is to be started.
    const there = hasLargeReplay(input) ? await this.#find(memo, sid, resume) : undefined;
    if (there) return there;
    const sent = await fitInput(input, this.#client.options.loadedDataConverter, this.#claimCheck);
    // What is there is looked at before it may be followed: it could be another user's.
    let workflowIdReusePolicy: WorkflowOptions['workflowIdReusePolicy'] = 'REJECT_DUPLICATE';
    for (;;) {
      const hasSearchAttributes = this.#hasSearchAttributes;
      try {
        const handle = await this.#client.workflow.start(workflowType, {
          workflowId,
          taskQueue: this.#taskQueue,
          args: [sent],
          memo: { ...memo },
          staticSummary: `${server} at ${apiUrl}, for ${userId}`,
          ...(hasSearchAttributes && { typedSearchAttributes: searchAttributesOf({ sid, userId }) }),
          workflowIdConflictPolicy: 'FAIL',
          workflowIdReusePolicy,
        });
        return { sid, workflowId, runId: handle.firstExecutionRunId, attached: false };
      } catch (error) {
        if (isAboutSearchAttributes(error) && hasSearchAttributes) {
          this.#noteMissingSearchAttributes();
          continue;
        }
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
      const found = await this.#find(memo, sid, resume);
      if (found) return found;
      workflowIdReusePolicy = resume ? 'ALLOW_DUPLICATE' : 'ALLOW_DUPLICATE_FAILED_ONLY';
    }
  }

  /**
   * Starts the conversation, or attaches to the run that is there, and waits until it is ready.
   *
   * Waits by looking at the run every few seconds: neither a long poll nor an update for each waiter scales to
   * thousands. Lost connections and a server that is short of resources only make it wait longer.
   *
   * @throws The class of `errors.ts` that belongs to the run's failure type, {@link ConversationAbortedError}, or the
   *   signal's reason
   */
  async ensureReady(
    input: CreateNestedConversationInput,
    { resume, onProgress, signal }: EnsureReadyOptions = {},
  ): Promise<CreateNestedConversationResult> {
    // Asked again, a start attaches to what it started; only one that resumes could start anew what is ready by then.
    const mayAskAgain = resume ? isRefused : isPassing;
    const { sid, runId } = await persist(() => this.start(input, { resume }), signal, mayAskAgain);
    await this.#untilClosed(sid, runId, onProgress, signal);
    return persist(() => this.#result(sid, runId), signal);
  }

  /**
   * How the conversation's newest run comes along.
   * @throws {@link ConversationNotFoundError}
   */
  async status(sid: string): Promise<ConversationStatus> {
    return conversationStatus(this.#client, sid, await this.#describe(sid));
  }

  /**
   * The result of the conversation's newest run, which must have ended.
   * @throws As {@link ensureReady}
   */
  async result(sid: string): Promise<CreateNestedConversationResult> {
    const { runId } = await this.#describe(sid);
    return this.#result(sid, runId);
  }

  /**
   * What has happened in the conversation's newest run, in plain words. Attempts that were followed by another are not
   * in Temporal's history: the lines say how many there were.
   * @throws {@link ConversationNotFoundError}
   */
  async history(sid: string): Promise<HistoryLine[]> {
    const handle = this.#client.workflow.getHandle(workflowIdOf(sid));
    const { events } = await handle.fetchHistory().catch(async (error: unknown) => {
      // It passes gRPC's error on as it is: this tells a conversation that is not there from a namespace that is not.
      await this.#describe(sid);
      throw error;
    });
    return tellHistory(events ?? [], this.#client.options.loadedDataConverter);
  }

  /**
   * Asks the conversation's run to end; it ends as cancelled, after `onFailure` was seen to. A run that has ended stays
   * as it is.
   * @throws {@link ConversationNotFoundError}
   */
  async cancel(sid: string): Promise<void> {
    await this.#client.workflow.getHandle(workflowIdOf(sid)).cancel().catch(rethrowNotFound(sid));
  }

  /**
   * The conversations' runs, the newest first, as Temporal's visibility store has them: a moment behind.
   * @throws {@link SearchAttributesMissingError} where a filter needs one that the namespace lacks
   */
  list(filter?: ConversationFilter): AsyncIterable<ListedConversation> {
    return listConversations(this.#client, filter);
  }

  /** Once, however many starts at once find it out. */
  #noteMissingSearchAttributes(): void {
    if (!this.#hasSearchAttributes) return;
    this.#hasSearchAttributes = false;
    this.#onHint(new SearchAttributesMissingError(this.#client.options.namespace).message);
  }

  /**
   * The run that is there, where it is to be attached to: it is under way, or its result counts.
   * @throws {@link ConversationTakenError}
   */
  async #find(mine: ConversationMemo, sid: string, resume: boolean): Promise<StartedConversation | undefined> {
    const description = await this.#describe(sid).catch((error: unknown) => {
      if (!(error instanceof ConversationNotFoundError)) throw error;
    });
    if (!description) return undefined;
    const { workflowId, runId, status, closeTime, memo: theirs } = description;
    const attached = !closeTime || (status.name === 'COMPLETED' && !resume);
    if (!mayFollow(theirs, mine, attached)) throw new ConversationTakenError(sid);
    return attached ? { sid, workflowId, runId, attached } : undefined;
  }

  #describe(sid: string, runId?: string): Promise<WorkflowExecutionDescription> {
    return this.#client.workflow.getHandle(workflowIdOf(sid), runId).describe().catch(rethrowNotFound(sid));
  }

  async #untilClosed(
    sid: string,
    runId: string,
    onProgress?: (status: ConversationStatus) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    let reported = '';
    for (let delayMs = firstDelayMs; ; delayMs = longer(delayMs)) {
      const glance = async () => conversationStatus(this.#client, sid, await this.#describe(sid, runId));
      const status = await persist(glance, signal);
      const report = JSON.stringify(status);
      if (report !== reported) onProgress?.(status);
      reported = report;
      if (status.closedAt) return;
      await pause(delayMs, signal);
    }
  }

  async #result(sid: string, runId: string): Promise<CreateNestedConversationResult> {
    try {
      return await this.#client.workflow.getHandle(workflowIdOf(sid), runId).result();
    } catch (error) {
      throw error instanceof WorkflowFailedError ? outcomeError(sid, error) : error;
    }
  }
}

/**
 * Whether a caller may have the run that is there, or start the next one after it: always the same user's only. A run
 * that is attached to must be on the same server, too; a next one may be on another, as runtimes come and go.
 */
function mayFollow(theirs: Record<string, unknown> | undefined, mine: ConversationMemo, attached: boolean): boolean {
  const isSameUser = theirs?.userId === mine.userId;
  return attached ? isSameUser && theirs.apiUrl === mine.apiUrl && theirs.server === mine.server : isSameUser;
}

function rethrowNotFound(sid: string) {
  return (error: unknown): never => {
    throw error instanceof WorkflowNotFoundError ? new ConversationNotFoundError(sid) : error;
  };
}

/** The run's failure as the class of its type. */
function outcomeError(sid: string, { cause }: WorkflowFailedError): Error {
  if (cause instanceof CancelledFailure) return new ConversationAbortedError(sid, 'cancelled');
  if (cause instanceof TerminatedFailure) return new ConversationAbortedError(sid, 'terminated');
  if (!(cause instanceof ApplicationFailure)) return new ConversationAbortedError(sid, 'timed out');
  const { type, details } = cause;
  if (type == null || !(type in failureTypes)) return cause;
  const ErrorOfType = conversationErrors[type as FailureType] as new (message: string, details: unknown) => Error;
  return new ErrorOfType(cause.message, details?.[0]);
}
