import type { Boot } from '../server-info.js';

/**
 * What a conversation start knows of its conversation in an OpenHands agent server.
 *
 * A create stores the conversation, then the message, then runs the agent, and can be cut short between any two of
 * them. Repeating the request changes nothing. So only the contents and the order of the event stream count as
 * evidence.
 */
export interface AgentServerState {
  /** Id of the newest event read; initially, of the newest event before this start. Absent if there was none. */
  readonly cursor?: string;
  /** Whether the stream was read to its end. */
  readonly caughtUp: boolean;
  /** The next event is a message, and without the text of ours it is unclear whether it is ours. */
  readonly isUndecided?: true;
  /** Observations in a row without a change since the last request. Counted up to `longPatience`. */
  readonly still: number;
  readonly status: Status;
  /** Whether a create was answered or the conversation was seen. */
  readonly isCreated: boolean;
  /** The `execution_status` as of the newest event read, or `unknown`. The status request can report a later state. */
  readonly agent: string;
  readonly message: Message;
  /**
   * Whether a working agent can pass over a message that joins its turn. No request makes it take up the message then.
   */
  readonly mayPassOver: boolean;
  readonly run: Run;
  readonly life: Life;
}

/** The server's latest answer about the conversation. */
export type Status =
  /** Its `execution_status`. */
  | { readonly kind: 'told'; readonly value: string }
  /** The server does not serve the conversation's events, even if other requests find it. */
  | { readonly kind: 'absent' }
  /** The status did not come in time, but the events did. Only they count. */
  | { readonly kind: 'late' };

/** The first message of this start. */
export type Message =
  /** This start has no message. */
  | { readonly is: 'none' }
  /** The server does not have it. */
  | { readonly is: 'missing' }
  /** It may appear in the stream. Once a request with it has succeeded, it is not sent again. */
  | {
      readonly is: 'sent';
      readonly isAnswered: boolean;
      /** An earlier request with it was never answered but may have arrived. */
      readonly isRepeated: boolean;
    }
  | {
      readonly is: 'stored';
      /**
       * Whose turn it is. `ours`: the agent was at rest when the message arrived, so it now works for us. `theirs`: it
       * was working on something earlier. `after-theirs`: that work has ended, or may have, so only a new run is ours.
       */
      readonly turn: 'ours' | 'theirs' | 'after-theirs';
      /** The newest error since the agent was asked to run, in the server's words. */
      readonly error?: string;
    }
  | {
      readonly is: 'taken-up';
      /** The life of the server (see `Life`) in which the agent took it up. */
      readonly inLife: number;
      /** The error that ended the agent's work on it, in the server's words. */
      readonly error?: string;
    };

/** Whether the agent was asked to run for a stored message, and in which life of the server. */
export type Run =
  | { readonly is: 'not-asked' }
  | { readonly is: 'asked'; readonly inLife: number }
  /** Asked to run, and then sent an empty message. */
  | { readonly is: 'nudged'; readonly inLife: number }
  /**
   * Refused so many `times`, because a run is under way: it is starting the agent, which can take minutes, or it is
   * ending. Older workers do not count the times.
   */
  | { readonly is: 'refused'; readonly inLife: number; readonly reason: string; readonly times?: number };

/** The life of the server's process. A restart interrupts the agent and drops requests to run it. */
export interface Life {
  /** The number of restarts that were proved since this start began. */
  readonly number: number;
  /** Absent if the server did not tell it before this start sent its first request. */
  readonly boot?: Boot;
  /** Later boot times in a row: several processes that take turns, or a restart. */
  readonly laterBoots: number;
}

/** An event of the stream, reduced to what counts as evidence. Its values are unchecked. */
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
 * The number of unchanged observations before the next step: ten seconds by default. Until then, a create without an
 * answer may still be setting up the agent, a requested run may be starting, or an error's text may be on its way.
 */
export const patience = 5;

/**
 * The number of observations of a busy agent before a message that it may pass over joins its turn, and of an agent that
 * still rests before it is asked once more to run.
 */
export const longPatience = 15;

/**
 * Whether the agent was asked to run for our stored message, so that an error may be why it can't start. A refusal means
 * that a run is under way: it is ours if no earlier turn was.
 */
export function isAskedForOurs({ run, life, message }: AgentServerState): boolean {
  if (run.is === 'not-asked' || run.inLife !== life.number || message.is !== 'stored') return false;
  return run.is !== 'refused' || message.turn === 'ours';
}

/** The states of an agent in the middle of a turn. */
export const busyStates: ReadonlySet<string> = new Set(['running', 'waiting_for_confirmation']);

/** The states of an agent that does nothing until it is asked to. */
export const restStates: ReadonlySet<string> = new Set(['idle', 'paused', 'finished', 'error', 'stuck']);
