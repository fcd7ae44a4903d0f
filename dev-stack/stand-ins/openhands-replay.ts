import { type NewEvent, userMessage } from './openhands-events.js';

/** What a server makes of a replay: how far a loop comes with it that dies, or the events of one that lives. */
export type Replay = { diesAfter: 'loading' | 'system' } | { message: NewEvent; recorded: NewEvent[] };

/** Reads a `replay_json` as OpenHands 0.55.0 does: what it can't use leaves the agent in `loading` for ever. */
export function readReplay(replayJson: string): Replay {
  let recorded: unknown;
  try {
    recorded = JSON.parse(replayJson);
  } catch {
    return { diesAfter: 'loading' };
  }
  if (!Array.isArray(recorded) || !recorded.every(isEvent)) return { diesAfter: 'loading' };

  const [first, ...rest] = recorded.filter(({ source }) => source !== 'environment');
  if (first?.action !== 'message') return { diesAfter: 'system' };
  const { content, image_urls: imageUrls = null } = first.args as { content: string; image_urls?: string[] | null };
  return { message: userMessage(content, imageUrls), recorded: rest };
}

function isEvent(value: unknown): value is NewEvent {
  return value !== null && typeof value === 'object' && ('action' in value || 'observation' in value);
}
