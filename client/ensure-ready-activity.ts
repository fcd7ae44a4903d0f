/** `nested-conversations/ensure-ready-activity`: for your own worker, if its workflows wait for conversations. */

import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { CreateNestedConversationInput } from '../contract/conversation-input.js';
import { NestedConversationError } from '../contract/nested-conversation-error.js';
import { TemporalUnreachableError } from './connect.js';
import type { ConversationStatus } from './conversation-status.js';
import { ConversationError, ConversationNotFoundError } from './errors.js';
import type { EnsuredConversation, NestedConversations } from './nested-conversations.js';

/** The activities that {@link createEnsureReadyActivities} creates. */
export interface EnsureReadyActivities {
  /**
   * Starts the conversation, or attaches to the same start, and waits until it is ready; see {@link
   * NestedConversations.ensureReady}. It sends heartbeats: set a `heartbeatTimeout` of 30 seconds or more. Cancelling
   * the activity ends the wait, not the conversation start.
   *
   * Safe to retry: it attaches to the run that an earlier attempt started, even if that run has failed or was cancelled.
   *
   * @throws ApplicationFailure, not retryable: with the type and details of the run's failure, or with the type
   *   `ConversationTakenError`, `MessageNotSentError`, `StartNotComparableError` or `ConversationAbortedError`
   */
  ensureConversationReady(
    input: CreateNestedConversationInput,
    options?: {
      /** The run to resume after, from {@link newestConversationRun}. @default none: not resumed */
      readonly resumeAfter?: string | undefined;
    },
  ): Promise<EnsuredConversation>;
  /** The id of the conversation's newest run; `null` if there is none. Safe to retry: it only reads. */
  newestConversationRun(sid: string): Promise<string | null>;
}

/** Shorter than any sensible heartbeat timeout. The SDK throttles what it sends. */
const heartbeatMs = 5_000;

/** Activities that give a workflow the same functions as the client gives a service. */
export function createEnsureReadyActivities(conversations: NestedConversations): EnsureReadyActivities {
  return {
    async ensureConversationReady(input, { resumeAfter } = {}) {
      const { cancellationSignal: signal, info } = Context.current();
      const callId = `${info.workflowExecution?.runId ?? info.activityRunId}/${info.activityId}`;
      const beat = new Heartbeat();
      const onProgress = (status: ConversationStatus) => beat.tell(status);
      try {
        return await conversations.ensureReady(input, { resumeAfter, callId, signal, onProgress });
      } catch (error) {
        throw asFailure(error);
      } finally {
        beat.stop();
      }
    },
    async newestConversationRun(sid) {
      try {
        return (await conversations.status(sid)).runId;
      } catch (error) {
        if (error instanceof ConversationNotFoundError) return null;
        throw error;
      }
    },
  };
}

/** Sends the latest progress as a heartbeat. */
class Heartbeat {
  readonly #context = Context.current();
  readonly #timer = setInterval(() => this.#send(), heartbeatMs);
  #latest: Partial<ConversationStatus> = {};

  tell({ phase, attempts, lastSeen }: ConversationStatus): void {
    this.#latest = { phase, ...(attempts !== undefined && { attempts }), ...(lastSeen !== undefined && { lastSeen }) };
    this.#send();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #send(): void {
    this.#context.heartbeat(this.#latest);
  }
}

/** Errors that a retry can't fix become non-retryable. Others, such as an unreachable Temporal, are retried. */
function asFailure(error: unknown): unknown {
  if (!(error instanceof NestedConversationError) || error instanceof TemporalUnreachableError) return error;
  const type = error instanceof ConversationError ? error.type : error.name;
  return ApplicationFailure.create({ message: error.message, type, nonRetryable: true, details: [error.details] });
}
