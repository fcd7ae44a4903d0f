import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { serve, usage } from './process.js';

/** The nested server of the bench. */
const functions = {
  /** Starts it, and returns its base URL. */
  async listen(): Promise<string> {
    standIn = await OpenHandsStandIn.listen();
    return standIn.url;
  },

  /** What is created from now on is ready at this look: the first by default, `null` for never. */
  readyAtLook(look: number | null = 1): void {
    standIn.options.script = { loadingLooks: look ?? never };
  },

  /** Has conversations ready from now on that never were: returns the moment, in milliseconds since the epoch. */
  release(sids: readonly string[]): number {
    for (const sid of sids) standIn.conversation(sid).looks = never;
    return Date.now();
  },

  /** How many of these conversations there are. */
  count(sids: readonly string[]): number {
    return sids.filter((sid) => standIn.has(sid)).length;
  },

  /** Has a conversation whose agent left this many events before the server was last restarted. */
  createFormer(sid: string, events: number): void {
    standIn.createConversation(sid).appendMany(events);
    standIn.restart();
  },

  /** What has come and gone so far. */
  traffic(): Traffic {
    const { connections, bytesSent, requestCount: requests } = standIn;
    return { connections, bytesSent, requests, posts: standIn.count('POST /api/conversations') };
  },

  ...usage,
};

export type StandIn = typeof functions;

export interface Traffic {
  readonly connections: number;
  /** Headers included. */
  readonly bytesSent: number;
  readonly requests: number;
  /** Conversations that were created. */
  readonly posts: number;
}

const never = Number.MAX_SAFE_INTEGER;

let standIn: OpenHandsStandIn;

serve(functions);
