import { type NewEvent, userMessage } from './openhands-events.js';

/** The server's reading of a replay: how far a dying loop gets with it, or the events of a live one. */
export type Replay = { diesAfter: 'loading' | 'system' } | { message: NewEvent; recorded: NewEvent[] };

/** Reads a `replay_json` like OpenHands 0.55.0. If it is unusable, the agent stays in `loading` forever. */
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
