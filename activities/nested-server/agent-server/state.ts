import type { Boot } from '../server-info.js';

/**
 * What a start knows of its conversation in an OpenHands agent server.
 *
 * A create stores the conversation, then the message, then runs the agent, and can be cut short between any two; the
 * same request again changes nothing. So what counts is what is in the event stream, and in which order.
 */
export interface AgentServerState {
  /** Id of the newest event read, at first of the newest before this start; absent where there was none. */
  readonly cursor?: string;
  /** Whether the stream was read to its end. */
  readonly caughtUp: boolean;
  /** The next event is a message that can't be told from ours without its text. */
  readonly isUndecided?: true;
  /** Observations in a row that found the same since the last request; counted up to `longPatience`. */
  readonly still: number;
  readonly status: Status;
  /** Whether a create was answered, or the conversation was seen. */
  readonly isCreated: boolean;
  /** The `execution_status` as of the newest event read: the newest status can be of a later moment. Or `unknown`. */
  readonly agent: string;
  readonly message: Message;
  /** Whether an agent at work can pass over a message that joins its turn, and no request makes it take it up then. */
  readonly mayPassOver: boolean;
  readonly run: Run;
  readonly life: Life;
}

/** What the server last said of the conversation. */
export type Status =
  /** Its `execution_status`. */
  | { readonly kind: 'told'; readonly value: string }
  /** It does not serve the conversation's events, whatever it says otherwise. */
  | { readonly kind: 'absent' }
  /** No answer in time, while the events answer: these are all there is to go by. */
  | { readonly kind: 'late' };

/** This start's message. */
export type Message =
  /** The start has none. */
  | { readonly is: 'none' }
  /** The server does not have it. */
  | { readonly is: 'missing' }
  /** It may come into the stream. Answered with success, it is not sent again. */
  | {
      readonly is: 'sent';
      readonly isAnswered: boolean;
      /** An earlier request with it was never answered, and may have arrived all the same. */
      readonly isRepeated: boolean;
    }
  | {
      readonly is: 'stored';
      /**
       * Whose turn it is. `ours`: the agent was at rest when the message came, so that what it does is ours. `theirs`: it
       * was at work on something earlier. `after-theirs`: that has ended, or may have, so that only a new run is ours.
       */
      readonly turn: 'ours' | 'theirs' | 'after-theirs';
    }
  | {
      readonly is: 'taken-up';
      /** The life of the server in which the agent took it up. */
      readonly inLife: number;
      /** What ended the agent's work on it, in the server's words. */
      readonly error?: string;
    };

/** Whether the agent was asked to run for a message that lay there, and in which life of the server. */
export type Run =
  | { readonly is: 'not-asked' }
  | { readonly is: 'asked'; readonly inLife: number }
  /** Asked, and then given an empty message. */
  | { readonly is: 'nudged'; readonly inLife: number }
  | { readonly is: 'refused'; readonly inLife: number; readonly reason: string };

/** The server's process. A restart interrupts an agent, and what it was asked to do. */
export interface Life {
  /** How often a restart was proved since the start. */
  readonly number: number;
  /** Absent where the server did not tell before this start had sent anything. */
  readonly boot?: Boot;
  /** How often in a row a later boot was seen: one process of several, or a restart. */
  readonly laterBoots: number;
}

/** An event of the stream, as far as it is evidence. Nothing in it is what it should be, unless checked. */
export interface AgentServerEvent {
  readonly id: string;
  readonly kind?: unknown;
  readonly source?: unknown;
  readonly key?: unknown;
  readonly value?: unknown;
  readonly code?: unknown;
  readonly detail?: unknown;
  readonly llm_message?: unknown;
}

/**
 * How often in a row the same is found before something is done about it, ten seconds by default: a create whose answer
 * was lost may still be setting up the agent, an agent that was asked to run be starting, an error's text be on its way.
 */
export const patience = 5;

/** How often an agent is found at work on something earlier before a message joins it that it may pass over. */
export const longPatience = 15;

/** An agent that is in the middle of something. */
export const busyStates: ReadonlySet<string> = new Set(['running', 'waiting_for_confirmation']);

/** An agent that does nothing until it is asked to. */
export const restStates: ReadonlySet<string> = new Set(['idle', 'paused', 'finished', 'error', 'stuck']);
