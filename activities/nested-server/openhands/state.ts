/**
 * What a conversation start knows of its conversation in an `openhands` server.
 *
 * `/events` answers 200 even for refused, crashed and dead conversations, and the status of a dead one is RUNNING. So
 * only the agent's actions count, in the life of its loop that is alive now, and after the watermark.
 */
export interface OpenHandsState {
  /** Id of the newest event before this start; -1 if there was none. */
  readonly watermark: number;
  /** Id of the newest event read. All events up to it are folded in. */
  readonly cursor: number;
  /** Whether the stream was read to its end. */
  readonly caughtUp: boolean;
  /** Whether the newest observation found no new event. */
  readonly isStill: boolean;
  /** The next event is a message, and without the text of ours it is unclear whether it is ours. */
  readonly isUndecided?: true;
  readonly status: Status;
  readonly loop: Loop;
  readonly message: Message;
  /**
   * The agent's newest state outside a known life. It counts only if a loop from before this start turns out to be
   * alive.
   */
  readonly before?: Agent;
}

/** The server's latest answer about the conversation. */
export type Status =
  /** STARTING, RUNNING, STOPPED, ARCHIVED or ERROR. `isDenied` if the loop turned out to be alive in spite of it. */
  | { readonly kind: 'told'; readonly value: string; readonly runtime?: string; readonly isDenied?: true }
  | { readonly kind: 'absent' }
  /**
   * A 5xx or a cut connection. Some servers never answer otherwise; for others it can mean that they just restarted.
   */
  | { readonly kind: 'unreadable'; readonly wasTold: boolean; readonly life?: 'alive' | 'unanswered' }
  /** The status did not come in time, but the events did. */
  | { readonly kind: 'late'; readonly wasTold: boolean; readonly life?: 'alive' | 'unanswered' };

/** The life of the agent's loop. When a loop ends, the server keeps its events. */
export type Loop =
  /** No loop: never started, or proved to have ended. */
  | { readonly life: 'none' }
  /** There are earlier events, and it is unknown whether their loop is still alive. */
  | { readonly life: 'unproven' }
  /** The server has accepted a create of this start. The loop's first event, `loading`, has not appeared yet. */
  | { readonly life: 'started' }
  | {
      readonly life: 'live';
      /** Id of the `loading` event that began it; `watermark` for a loop that was alive before this start. */
      readonly since: number;
      readonly agent: Agent;
      /**
       * Whose message the agent works for. An error or `running` belongs to this start only if the turn is ours.
       * `none`: the agent waits, so anything after our message is ours.
       */
      readonly turn: 'ours' | 'theirs' | 'none';
      /**
       * An earlier turn has just failed, and may be reported once more: two threads of the server report it, within
       * moments. If the agent has begun with our message in between, it may drop the message.
       */
      readonly mayFailAgain?: true;
    };

export interface Agent {
  readonly id: number;
  readonly state: string;
  readonly reason: string;
  /** Whether the agent entered this state in our turn. */
  readonly isOurs: boolean;
}

/** The first message of this start. */
export type Message =
  /** This start has no message. */
  | { readonly is: 'none' }
  /** The server does not have it. */
  | { readonly is: 'missing' }
  /** It may appear in the stream. Once a request with it has succeeded, it is not sent again in the same life. */
  | SentMessage
  | StoredMessage
  /**
   * The agent works on it. `wasHeard`: the agent has acted on it. Until then, a restarted agent does not know of it.
   */
  | (Omit<StoredMessage, 'is' | 'waking'> & { readonly is: 'taken-up'; readonly wasHeard: boolean });

export interface SentMessage {
  readonly is: 'sent';
  /** The newest request with the message. */
  readonly by: 'create' | 'deliver';
  readonly isAnswered: boolean;
  /** The cursor when it was first sent. The message can't be earlier in the stream. */
  readonly after: number;
  /** The cursor when it was last sent. Later than `after` if earlier requests were never answered. */
  readonly lastAfter: number;
  /** An earlier request with it was never answered but may have arrived. */
  readonly isRepeated: boolean;
  /** Observations without it since it was last sent without an answer. Counted up to `patience`. */
  readonly unseen: number;
}

export interface StoredMessage {
  readonly is: 'stored';
  readonly id: number;
  /** Id of the agent's search for knowledge about it, which is the agent's first action on a message. */
  readonly recall?: number;
  /** Whether that search was answered. From then on, the agent works for this message. */
  readonly isRecalled: boolean;
  /** How far the waking has come: the agent was asked to run, seen to run, or pointed to the message. */
  readonly waking: 'no' | 'asked' | 'awake' | 'pointed';
}

/** An event of the stream, reduced to what counts as evidence. Its values are unchecked. */
export interface OpenHandsEvent {
  readonly id: number;
  readonly source?: unknown;
  readonly action?: unknown;
  readonly observation?: unknown;
  readonly args?: unknown;
  readonly extras?: unknown;
  readonly cause?: unknown;
}

/**
 * The number of observations without the message before it is sent again: an unanswered request may still be on its
 * way.
 */
export const patience = 3;

/** The agent's state in the life that is alive now, if known. */
export function agentState({ loop }: OpenHandsState): string | undefined {
  return loop.life === 'live' ? loop.agent.state : undefined;
}

/**
 * The states of an agent that waits for a person: its turn is over, and it takes the next message. `error` is not one
 * of them: a failing turn can report it twice, with the next message in between.
 */
export const waitingStates: ReadonlySet<string> = new Set(['awaiting_user_input', 'finished', 'rejected', 'stopped']);
