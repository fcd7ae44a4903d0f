import type { Conversation } from '../../contract/input.js';
import type { HttpClient } from './http-client.js';

/**
 * One kind of nested server: the only place that knows its routes, its bodies and what its answers mean.
 *
 * A dialect is a reducer. Facts (an event, a status, an answer to one of our requests) are folded into a state, and one
 * pure function concludes from the state what is due. `createConversation` acts on that conclusion, and
 * `checkConversationReady` reports it. The state is plain JSON and small: it travels in heartbeats, from attempt to
 * attempt and from one activity to the next.
 */
export interface Dialect<State, Step extends string> {
  /** What is there before this start has sent anything. Only what comes later belongs to this start. */
  baseline(server: HttpClient, desired: DesiredConversation): Promise<State>;
  /** The state with everything folded in that the server tells now. Sends no writes. */
  observe(server: HttpClient, desired: DesiredConversation, state: State): Promise<State>;
  /** What follows from the state. Pure. */
  conclude(state: State, desired: DesiredConversation): Conclusion<Step>;
  /** The state to checkpoint before the step's request: from then on the request may have arrived. Pure. */
  intend(step: Step, state: State): State;
  /**
   * Sends the one request of a step, and folds its answer into the state.
   *
   * @throws TurnedAwayError where the answer proves that the request has changed nothing
   */
  send(step: Step, server: HttpClient, conversation: Conversation, state: State): Promise<State>;
  /** Ends the conversation. Asking twice does no harm. */
  stop(server: HttpClient, sid: string): Promise<void>;
  /** The state that evidence of version 1, which workers of earlier releases left, amounts to. */
  upgrade(evidence: object, goal: Goal): State;
}

/** What follows from what is known of a conversation. */
export type Conclusion<Step extends string> =
  | { readonly kind: 'ready'; readonly status: string }
  /** The server is at work, or can't be judged now: check again later. */
  | { readonly kind: 'wait'; readonly seen: string }
  /** The server does not get there by itself: this request is due. */
  | { readonly kind: 'send'; readonly step: Step; readonly seen: string }
  /** Only the text of our message can tell whether another one is ours, and `createConversation` alone has it. */
  | { readonly kind: 'compare'; readonly seen: string }
  /** No further check can change it. */
  | { readonly kind: 'fail'; readonly reason: string };

/** What a start is meant to achieve, without its bulk: small enough to travel with every readiness check. */
export interface Goal {
  readonly sid: string;
  /** Digest of the text of the first message (see `message-match.ts`). Absent where the start has no message. */
  readonly messageDigest?: string;
  /** Whether the first message has images, which some models can't take. @default false */
  readonly hasImages?: boolean;
  /** The first message is that of a replay, which only a new life of the conversation can take. */
  readonly isReplay: boolean;
  readonly readyWhen: Conversation['readiness']['readyWhen'];
}

/** A goal, and how to tell its message in an event stream. */
export interface DesiredConversation extends Goal {
  /** `undefined` where that can't be told without the message's text, as the server has hidden a part. */
  readonly isOurMessage: (storedText: string) => boolean | undefined;
}
