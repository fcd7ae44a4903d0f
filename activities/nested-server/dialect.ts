import type { Conversation } from '../../contract/input.js';
import type { HttpClient } from './http-client.js';

/**
 * One kind of nested server. Only its dialect knows its routes, its bodies and what its answers mean.
 *
 * A dialect is a reducer. It folds facts (an event, a status, an answer to one of our requests) into a state, and one
 * pure function concludes from the state what is due. `createConversation` acts on the conclusion, and
 * `checkConversationReady` reports it. The state is small, plain JSON: it travels in heartbeats from attempt to
 * attempt, and from one activity to the next.
 */
export interface Dialect<State, Step extends string> {
  /** The state before this start has sent anything. Only what comes later belongs to this start. */
  baseline(server: HttpClient, desired: DesiredConversation): Promise<State>;
  /** Folds what the server tells now into the state. Sends no writes. */
  observe(server: HttpClient, desired: DesiredConversation, state: State): Promise<State>;
  /** Concludes what is due. Pure. */
  conclude(state: State, desired: DesiredConversation): Conclusion<Step>;
  /** The state to checkpoint before the step's request. From then on, the request may have arrived. Pure. */
  intend(step: Step, state: State): State;
  /**
   * Sends the one request of a step and folds its answer into the state.
   *
   * @throws TurnedAwayError if the answer proves that the request has changed nothing
   */
  send(step: Step, server: HttpClient, conversation: Conversation, state: State): Promise<State>;
  /** Ends the conversation. Safe to repeat. */
  stop(server: HttpClient, sid: string): Promise<void>;
  /** Turns evidence of version 1, left by workers of earlier releases, into a state. */
  upgrade(evidence: object, goal: Goal): State;
}

/** What is due for a conversation, given what is known of it. */
export type Conclusion<Step extends string> =
  | { readonly kind: 'ready'; readonly status: string }
  /** The server is working, or its state is unclear: check again later. */
  | { readonly kind: 'wait'; readonly seen: string }
  /** The server gets no further by itself: this request is due. */
  | { readonly kind: 'send'; readonly step: Step; readonly seen: string }
  /** Only the text of our message can tell whether another one is ours. Only `createConversation` has that text. */
  | { readonly kind: 'compare'; readonly seen: string }
  /** No later check can change this. */
  | { readonly kind: 'fail'; readonly reason: string };

/** What a start must achieve, without the message's text: small enough to travel with every readiness check. */
export interface Goal {
  readonly sid: string;
  /** Digest of the first message's text (see `message-match.ts`). Absent if there is no first message. */
  readonly messageDigest?: string;
  /** Whether the first message has images, which some models can't take. @default false */
  readonly hasImages?: boolean;
  /** Whether the first message comes from a replay. Only a new life of the conversation can take it. */
  readonly isReplay: boolean;
  readonly readyWhen: Conversation['readiness']['readyWhen'];
}

/** A goal, and a way to recognize its message in an event stream. */
export interface DesiredConversation extends Goal {
  /** `undefined` if only the message's full text can tell, because the server has masked a part. */
  readonly isOurMessage: (storedText: string) => boolean | undefined;
}
