/** `nested-conversations/ensure-ready-activity`: for a worker of one's own, whose workflows wait for conversations. */

import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { CreateNestedConversationInput } from '../contract/conversation-input.js';
import { NestedConversationError } from '../contract/nested-conversation-error.js';
import { TemporalUnreachableError } from './connect.js';
import type { ConversationStatus } from './conversation-status.js';
import { ConversationError, ConversationNotFoundError } from './errors.js';
import type { EnsuredConversation, NestedConversations } from './nested-conversations.js';

/** What {@link createEnsureReadyActivities} makes. */
export interface EnsureReadyActivities {
  /**
   * Starts the conversation, or attaches to the same start, and waits until it is ready; see
   * {@link NestedConversations.ensureReady}. Heartbeats: give it a `heartbeatTimeout` of 30 seconds or more. Cancelled, it
   * ends the waiting, not the start.
   *
   * Safe to retry: it attaches to what an earlier attempt began.
   *
   * @throws ApplicationFailure, not retryable: of the run's failure type, with its details; or of the type
   *   `ConversationTakenError`, `MessageNotSentError`, `StartNotComparableError` or `ConversationAbortedError`
   */
  ensureConversationReady(
    input: CreateNestedConversationInput,
    options?: {
      /** The run to resume after, as {@link newestConversationRun} told it to the workflow. @default none: not resumed */
      readonly resumeAfter?: string | undefined;
    },
  ): Promise<EnsuredConversation>;
  /** The id of the conversation's newest run; `null` where there is none. Safe to retry: it only reads. */
  newestConversationRun(sid: string): Promise<string | null>;
}

/** More often than any sensible heartbeat timeout; the SDK sends no more than it must. */
const heartbeatMs = 5_000;

/** Activities that do for a workflow what the client does for a service. */
export function createEnsureReadyActivities(conversations: NestedConversations): EnsureReadyActivities {
  return {
    async ensureConversationReady(input, { resumeAfter } = {}) {
      const { cancellationSignal: signal } = Context.current();
      const beat = new Heartbeat();
      const onProgress = (status: ConversationStatus) => beat.tell(status);
      try {
        return await conversations.ensureReady(input, { resumeAfter, signal, onProgress });
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

/** Tells Temporal that the activity lives, and where the start is. */
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

/** What trying again can't help is final; what passes, such as a Temporal that can't be reached, is retried. */
function asFailure(error: unknown): unknown {
  if (!(error instanceof NestedConversationError) || error instanceof TemporalUnreachableError) return error;
  const type = error instanceof ConversationError ? error.type : error.name;
  return ApplicationFailure.create({ message: error.message, type, nonRetryable: true, details: [error.details] });
}
