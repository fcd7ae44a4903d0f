import assert from 'node:assert/strict';
import type { End } from './random-run.js';
import { mayBeGivenUp, type Trouble } from './random-troubles.js';

/** What a schedule came to, on the side of the server. */
export interface Course<Server, Event> {
  readonly server: Server;
  readonly sid: string;
  /** Events from before this start. */
  readonly inherited: ReadonlySet<Event>;
  /** How many requests had come when the last trouble struck. */
  troubled(): number;
}

/** A part of a script takes so many looks at the most. */
export const longestPart = 5;

/** Looks after which a conversation has done all that its script holds, and a start has had the patience to see it. */
export const longestScript = 3 * longestPart + 1;
const patience = 14;

/** A deadline that is met in real time has to be short; where none is met, a busy machine must not meet it either. */
export function deadlineWhere(isSilent: boolean): '150 milliseconds' | '1 minute' {
  return isSilent ? '150 milliseconds' : '1 minute';
}

/** The event that brought this start's message, of which there is one at the most. */
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

/** Turns that ask the model about this message, or about one before it. */
export function turnsAbout<Event, T extends Turn<Event>>(
  { events, turns }: { readonly events: readonly Event[]; readonly turns: readonly T[] },
  ours: Event,
): T[] {
  const at = events.indexOf(ours);
  return turns.filter(({ saw, about }) => saw.includes(ours) && about && events.indexOf(about) <= at);
}

/** An agent that is at work on something else hears the message later. */
export function assertHeard<Event>(turns: readonly Turn<Event>[], ours: Event, look: () => unknown): void {
  for (let looks = 0; looks < longestScript; looks++) look();
  const isHeard = turns.some(({ saw }) => saw.includes(ours));
  assert(isHeard, 'it is ready, but the model is never asked about the message');
}

/** What in a schedule is a reason for a failure, beside its troubles. */
export interface Reasons {
  readonly troubles: readonly Trouble[];
  /** Looks since the last trouble. */
  readonly calmLooks: number;
  /** Whether the conversation comes to no good end, all troubles over. */
  readonly isHopeless: boolean;
  readonly isRejected: boolean;
  readonly isUnavailable?: boolean;
}

/** Whatever a start fails with has its reason in the schedule. */
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
