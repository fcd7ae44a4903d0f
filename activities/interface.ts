import type { Conversation, CreateNestedConversationInput } from '../contract/input.js';
import type { Goal } from './nested-server/dialect.js';

/** What is known of a conversation, in a form that only its dialect reads: everybody else carries it. */
export type Evidence = { readonly [key: string]: unknown };

/** The activities as the workflow calls them. Types only: the workflow bundle must not import what is behind them. */
export interface Activities {
  createConversation(input: CreateConversationInput): Promise<CreatedConversation>;
  checkConversationReady(input: CheckConversationReadyInput): Promise<ConversationLook>;
  stopConversation(input: StopConversationInput): Promise<void>;
}

export interface CreateConversationInput {
  /** The workflow's input as the caller passed it, still unchecked. */
  readonly input: unknown;
  /** What an earlier `createConversation` of this run knew, where a look found that there is more to do. */
  readonly evidence?: Evidence | undefined;
}

/** Where the conversation is. */
export interface ConversationTarget {
  readonly server: Conversation['server'];
  readonly apiUrl: string;
}

/** What a look needs to know of a conversation: small, whatever the input's size. */
export interface CreatedConversation {
  readonly target: ConversationTarget;
  readonly goal: Goal;
  readonly readiness: Conversation['readiness'];
  readonly evidence: Evidence;
}

export interface CheckConversationReadyInput extends CreatedConversation {
  /** As in the workflow's input: the session key is not copied into the result of `createConversation`. */
  readonly client: CreateNestedConversationInput['client'];
  /** As in the workflow's input: for its secrets, which no failure may repeat. */
  readonly settings?: CreateNestedConversationInput['settings'];
  /** Looks made by earlier `checkConversationReady` activities of this run. @default 0 */
  readonly attemptsBefore?: number;
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
