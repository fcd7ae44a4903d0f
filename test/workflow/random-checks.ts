import assert from 'node:assert/strict';
import type { End } from './random-run.js';
import { mayBeGivenUp, type Trouble } from './random-troubles.js';

/** The server's side after a schedule. */
export interface Course<Server, Event> {
  readonly server: Server;
  readonly sid: string;
  /** Events from before this start. */
  readonly inherited: ReadonlySet<Event>;
  /** The number of requests received when the last trouble struck. */
  troubled(): number;
}

/** The maximum number of looks for one part of a script. */
export const longestPart = 5;

/**
 * The number of looks after which a conversation has completed its script and a start has had the patience to see it.
 */
export const longestScript = 3 * longestPart + 1;
const patience = 14;

/** A deadline that must pass in real time is short. One that must not pass is long enough for a busy machine. */
export function deadlineWhere(isSilent: boolean): '150 milliseconds' | '1 minute' {
  return isSilent ? '150 milliseconds' : '1 minute';
}

/** The event with this start's message. There is at most one. */
export function deliveredOnce<Event>(
  events: readonly Event[],
  isOurs: (event: Event) => boolean,
  inherited: ReadonlySet<Event>,
): Event | undefined {
  const ours = events.filter((event) => isOurs(event) && !inherited.has(event));
  assert(ours.length <= 1, `the message is in the stream ${ours.length} times`);
  return ours[0];
}

interface Turn<Event> {
  /** What the model saw, and what it was asked about. */
  readonly saw: readonly Event[];
  readonly about?: Event | undefined;
}

/** Turns that ask the model about this message or an earlier one. */
export function turnsAbout<Event, T extends Turn<Event>>(
  { events, turns }: { readonly events: readonly Event[]; readonly turns: readonly T[] },
  ours: Event,
): T[] {
  const at = events.indexOf(ours);
  return turns.filter(({ saw, about }) => saw.includes(ours) && about && events.indexOf(about) <= at);
}

/** An agent that is working on something else reads the message later. */
export function assertHeard<Event>(turns: readonly Turn<Event>[], ours: Event, look: () => unknown): void {
  for (let looks = 0; looks < longestScript; looks++) look();
  const isHeard = turns.some(({ saw }) => saw.includes(ours));
  assert(isHeard, 'it is ready, but the model is never asked about the message');
}

/** What else in a schedule is a reason for a failure, besides its troubles. */
export interface Reasons {
  readonly troubles: readonly Trouble[];
  /** Looks since the last trouble. */
  readonly calmLooks: number;
  /** Whether the conversation does not end well even without further trouble. */
  readonly isHopeless: boolean;
  readonly isRejected: boolean;
  readonly isUnavailable?: boolean;
}

/** Every failure of a start must have its reason in the schedule. */
export function assertReason({ failed, message }: Extract<End, { failed: unknown }>, reasons: Reasons): void {
  const { troubles, calmLooks, isHopeless, isRejected, isUnavailable = false } = reasons;
  const has = (fault: Trouble['fault']) => troubles.some((trouble) => trouble.fault === fault);
  const holds: Record<string, boolean> = {
    Unauthorized: has('answer 401'),
    ConversationRejected: has('answer 302') || isRejected,
    NestedServerUnavailable: troubles.length > 0 || isUnavailable,
    ConversationFailed: isHopeless || mayBeGivenUp(message, troubles),
    ConversationNotReady: isHopeless || calmLooks <= longestScript + patience,
  };
  assert(holds[failed], `it failed with ${failed}, for no reason: ${message}`);
}
