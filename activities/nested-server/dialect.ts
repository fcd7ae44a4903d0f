import type { Conversation } from '../../contract/input.js';
import type { HttpClient } from './http-client.js';

/**
 * The dialect of one kind of nested server: the only place that knows its routes and bodies.
 *
 * Evidence is what is known of a conversation: plain JSON, small, carried from request to request, from attempt to
 * attempt and from `createConversation` to `checkConversationReady`. What a dialect concludes from it is pure.
 */
export interface Dialect<Evidence> {
  /** What was there before this start sent anything: the line between its own traces and those of an earlier life. */
  survey(server: HttpClient, goal: Goal): Promise<Evidence>;
  /** What is there now, beyond what `known` already holds. */
  observe(server: HttpClient, goal: Goal, known: Evidence): Promise<Evidence>;
  /** The one request that is due next; `done` where the rest is up to the server. */
  decide(known: Evidence, goal: Goal): Step;
  /** Sends the request of a step, and adds to `known` what its answer tells. */
  perform(step: ActiveStep, server: HttpClient, conversation: Conversation, known: Evidence): Promise<Evidence>;
  /** Whether the conversation is ready. */
  judge(known: Evidence, goal: Goal): Observation;
  /** Ends the conversation. Asking twice does no harm. */
  stop(server: HttpClient, sid: string): Promise<void>;
}

/** What a start is meant to achieve, without its bulk: enough to decide and to judge. */
export interface Goal {
  readonly sid: string;
  /** Digest of the text of the first message (see `message-digest.ts`); absent where the start has none. */
  readonly messageDigest?: string;
  /** The first message is that of a replay, which only a new life of the conversation can take. */
  readonly isReplay: boolean;
  readonly readyWhen: Conversation['readiness']['readyWhen'];
}

export type ActiveStep =
  /** Create the conversation, or start it again, with all that the input holds. */
  | 'post'
  /** The same without the message and the replay, which are in the event stream already. */
  | 'post-without-message'
  /** Hand the message to a conversation that is alive and will not take it from a POST. */
  | 'deliver'
  /** Let the agent take up a message that was in the stream before its present life. */
  | 'wake'
  /** Second half of a wake: point the agent, now running, to the message. */
  | 'nudge';

export type Step = ActiveStep | 'done' | { readonly fail: string };

/** What a look at a conversation amounts to. */
export type Observation =
  | { readonly kind: 'ready'; readonly status: string }
  /** The server is at work; look again. */
  | { readonly kind: 'pending'; readonly seen: string }
  /** The server will not get there by itself: `createConversation` has something to do again. */
  | { readonly kind: 'incomplete'; readonly seen: string }
  /** No further look can change it. */
  | { readonly kind: 'failed'; readonly reason: string };
