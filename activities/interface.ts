import type { Conversation, CreateNestedConversationInput } from '../contract/input.js';
import type { PreparingPhase } from '../contract/phases.js';
import type { Goal } from './nested-server/dialect.js';

/**
 * What is known of a conversation, in a form that only its dialect reads: everybody else carries it. It is in heartbeats
 * and histories, so that a worker can meet what another version left: see `nested-server/evidence.ts`.
 */
export interface Evidence {
  /** Absent in what workers left before it was introduced; then the known is in keys of its own. */
  readonly version?: number;
  readonly state?: unknown;
}

/** The activities as the workflow calls them. Types only: the workflow bundle must not import what is behind them. */
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

/** For those who wait. What is known of the workspace is in the sandbox. */
export interface PrepareHeartbeat {
  readonly phase: PreparingPhase;
}

export interface CreateConversationInput {
  /** The workflow's input as the caller passed it, still unchecked. */
  readonly input: unknown;
  /** Whether `prepareWorkspace` has put the repository into the workspace. Absent where there is none. */
  readonly isPrepared?: true | undefined;
  /** What an earlier `createConversation` of this run knew, where a look found that there is more to do. */
  readonly evidence?: Evidence | undefined;
}

/** What an attempt of `createConversation` leaves to the next one. */
export type CreateHeartbeat = Evidence;

/** What a look needs to know of a conversation: small, whatever the input's size. */
export interface CreatedConversation {
  readonly goal: Goal;
  readonly readiness: Conversation['readiness'];
  readonly evidence: Evidence;
  /** When it looked, nothing was due any more. */
  readonly sentNothing?: true;
  /** Texts of the input that a server may repeat, and no failure may: bounded. Absent where an older worker created it. */
  readonly secrets?: readonly string[];
}

export interface CheckConversationReadyInput
  extends CreatedConversation,
    Pick<CreateNestedConversationInput, 'server' | 'apiUrl' | 'client'> {
  // As in the workflow's input: where the session key goes is not up to what an activity returned.
  /** In place of `secrets`, where a worker of 0.1 created the conversation. */
  readonly settings?: CreateNestedConversationInput['settings'];
  /** Looks made by earlier `checkConversationReady` activities of this run. @default 0 */
  readonly attemptsBefore?: number;
}

/** What a look leaves to the next one, and to a person who wonders why the last look timed out. */
export interface LookHeartbeat {
  readonly evidence: Evidence;
  readonly seen: string;
}

export type ConversationLook = {
  /** Looks made in this run, the first included. */
  readonly attempts: number;
} & (
  | { readonly ready: true; readonly status: string }
  /** `createConversation` has something to do again, and `evidence` is what it starts from. */
  | { readonly ready: false; readonly seen: string; readonly evidence: Evidence }
);

export interface StopConversationInput {
  /** The part of the workflow's input that says where the conversation is, still unchecked. */
  readonly input: unknown;
}
