/**
 * What a start knows of its conversation in an `openhands` server.
 *
 * `/events` answers 200 for refused, crashed and dead conversations, and the status is RUNNING for a dead one. So what
 * counts is what the agent does, in the life of its loop that is alive now, and only beyond the watermark.
 */
export interface OpenHandsState {
  /** Id of the newest event before this start; -1 where there was none. */
  readonly watermark: number;
  /** Id of the newest event read. All up to it is folded in. */
  readonly cursor: number;
  /** Whether the stream was read to its end. */
  readonly caughtUp: boolean;
  /** Whether the newest observation found no new event. */
  readonly isStill: boolean;
  /** The next event is a message that can't be told from ours without its text. */
  readonly isUndecided?: true;
  readonly status: Status;
  readonly loop: Loop;
  readonly message: Message;
  /** The agent's newest state before this start. It counts only where a loop of that time turns out to be alive. */
  readonly before?: Agent;
}

/** What the server last said of the conversation. */
export type Status =
  /** STARTING, RUNNING, STOPPED, ARCHIVED or ERROR; `isDenied` where the loop turned out to be alive all the same. */
  | { readonly kind: 'told'; readonly value: string; readonly runtime?: string; readonly isDenied?: true }
  | { readonly kind: 'absent' }
  /** A 5xx or a cut line. Some servers never answer otherwise; from others it can mean that they just restarted. */
  | { readonly kind: 'unreadable'; readonly wasTold: boolean; readonly life?: 'alive' | 'unanswered' }
  /** No answer in time, while the events answer. */
  | { readonly kind: 'late'; readonly wasTold: boolean; readonly life?: 'alive' | 'unanswered' };

/** The life of the agent's loop. A server keeps the events when a loop ends, but not the loop. */
export type Loop =
  /** There is none: never started, or proved to have ended. */
  | { readonly life: 'none' }
  /** There are events of an earlier time, and nothing tells whether their loop is alive. */
  | { readonly life: 'unproven' }
  /** The server has accepted a create of this start; the loop's first event, `loading`, is not there yet. */
  | { readonly life: 'started' }
  | {
      readonly life: 'live';
      /** Id of the `loading` that began it; `watermark` for one that was alive before this start. */
      readonly since: number;
      readonly agent: Agent;
      /**
       * Whose message the agent works for. An error or `running` belongs to this start only where it is ours; `none` is
       * an agent that waits, so that whatever comes after our message is ours.
       */
      readonly turn: 'ours' | 'theirs' | 'none';
    };

/** The agent's newest state. */
export interface Agent {
  readonly id: number;
  readonly state: string;
  readonly reason: string;
  /** Whether it came in our turn. */
  readonly isOurs: boolean;
}

/** This start's message. */
export type Message =
  /** The start has none. */
  | { readonly is: 'none' }
  /** The server does not have it. */
  | { readonly is: 'missing' }
  /** It may come into the stream. Answered with success, it is not sent again in the same life. */
  | SentMessage
  | StoredMessage
  /** The agent works on it. `wasHeard` once it has acted; until then, an agent that starts anew does not know of it. */
  | (Omit<StoredMessage, 'is' | 'waking'> & { readonly is: 'taken-up'; readonly wasHeard: boolean });

export interface SentMessage {
  readonly is: 'sent';
  /** The newest request with it. */
  readonly by: 'create' | 'deliver';
  readonly isAnswered: boolean;
  /** The cursor when it was first sent: it can't be in the stream before. */
  readonly after: number;
  /** The cursor when it was last sent. Later than `after` where the earlier requests were never answered. */
  readonly lastAfter: number;
  /** An earlier request with it was never answered, and may have arrived all the same. */
  readonly isRepeated: boolean;
  /** Observations since it was last sent without an answer that did not find it; counted up to `patience`. */
  readonly unseen: number;
}

export interface StoredMessage {
  readonly is: 'stored';
  readonly id: number;
  /** Id of the agent's search for knowledge about it: the first thing that it does with a message. */
  readonly recall?: number;
  /** Whether that search was answered: from then on the agent works for this message. */
  readonly isRecalled: boolean;
  /** Whether the agent was `running` since that search began, or when it was answered. */
  readonly hasRun: boolean;
  /** How far the agent was made to take it up: asked to run, seen to run, pointed to the message. */
  readonly waking: 'no' | 'asked' | 'awake' | 'pointed';
}

/** An event of the stream, as far as it is evidence. Nothing in it is what it should be, unless checked. */
export interface OpenHandsEvent {
  readonly id: number;
  readonly source?: unknown;
  readonly action?: unknown;
  readonly observation?: unknown;
  readonly args?: unknown;
  readonly extras?: unknown;
  readonly cause?: unknown;
}

/** How often a message is not found before it is sent again: a request without an answer may still be on its way. */
export const patience = 3;

/** The agent's state in the life that is alive now, as far as it is known. */
export function agentState({ loop }: OpenHandsState): string | undefined {
  return loop.life === 'live' ? loop.agent.state : undefined;
}

/**
 * An agent that waits for a person: after its earlier turn, and for the next message. Not `error`: a turn that fails can
 * say so twice, with the next message in between.
 */
export const waitingStates: ReadonlySet<string> = new Set(['awaiting_user_input', 'finished', 'rejected', 'stopped']);
