import type { Conversation, CreateNestedConversationInput } from '../contract/input.js';
import type { PreparingPhase } from '../contract/phases.js';
import type { Goal } from './nested-server/dialect.js';

/**
 * What is known of a conversation. Only its dialect reads it; all other code just passes it on. It is stored in
 * heartbeats and histories, so a worker can meet evidence from another version: see `nested-server/evidence.ts`.
 */
export interface Evidence {
  /** Absent in evidence of version 1, which has keys of its own instead of `state`. */
  readonly version?: number;
  readonly state?: unknown;
}

/** The activities as the workflow calls them. Types only: the workflow bundle must not import their implementation. */
export interface Activities {
  prepareWorkspace(input: PrepareWorkspaceInput): Promise<void>;
  createConversation(input: CreateConversationInput): Promise<CreatedConversation>;
  checkConversationReady(input: CheckConversationReadyInput): Promise<ConversationLook>;
  stopConversation(input: StopConversationInput): Promise<void>;
}

export interface PrepareWorkspaceInput {
  /** The workflow's input as the caller passed it, still unchecked. */
  readonly input: unknown;
}

/** Read by clients that wait for the run. The state of the workspace itself is kept in the sandbox. */
export interface PrepareHeartbeat {
  readonly phase: PreparingPhase;
}

export interface CreateConversationInput {
  /** The workflow's input as the caller passed it, still unchecked. */
  readonly input: unknown;
  /** Whether `prepareWorkspace` has put the repository into the workspace. Absent if the input has no repository. */
  readonly isPrepared?: true | undefined;
  /** The state of this run's earlier `createConversation`, if a look found that more is to do. */
  readonly evidence?: Evidence | undefined;
}

/** What an attempt of `createConversation` saves for the next one. */
export type CreateHeartbeat = Evidence;

/** What a look needs to know of a conversation. Small, whatever the size of the input. */
export interface CreatedConversation {
  readonly goal: Goal;
  readonly readiness: Conversation['readiness'];
  readonly evidence: Evidence;
  /** Set if no request was due when it observed the conversation. */
  readonly sentNothing?: true;
  /**
   * Texts of the input that a server may repeat, but a failure must not. Bounded. Absent if an older worker created it.
   */
  readonly secrets?: readonly string[];
}

export interface CheckConversationReadyInput
  extends CreatedConversation,
    Pick<CreateNestedConversationInput, 'server' | 'apiUrl' | 'client'> {
  // From the workflow's input: an activity's result must not decide where the session key is sent.
  /** Used instead of `secrets` if a worker of 0.1 created the conversation. */
  readonly settings?: CreateNestedConversationInput['settings'];
  /** Looks made by earlier `checkConversationReady` activities of this run. @default 0 */
  readonly attemptsBefore?: number;
}

/** What a look saves for the next one, and for a person who wants to know why the last look timed out. */
export interface LookHeartbeat {
  readonly evidence: Evidence;
  readonly seen: string;
}

export type ConversationLook = {
  /** Looks made in this run, including the first. */
  readonly attempts: number;
} & (
  | { readonly ready: true; readonly status: string }
  /** `createConversation` has work to do again, starting from `evidence`. */
  | { readonly ready: false; readonly seen: string; readonly evidence: Evidence }
);

export interface StopConversationInput {
  /** The part of the workflow's input that says where the conversation is. Unchecked. */
  readonly input: unknown;
}
