import { AgentServerStandIn } from '../../dev-stack/stand-ins/agent-server-stand-in.js';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { serve, usage } from './process.js';

/** The benchmark's nested server. */
const functions = {
  /** Starts the server and returns its base URL. */
  async listen(): Promise<string> {
    standIn = await OpenHandsStandIn.listen();
    return standIn.url;
  },

  /** Conversations created from now on are ready at this look: the first by default, `null` for never. */
  readyAtLook(look: number | null = 1): void {
    standIn.options.script = { loadingLooks: look ?? never };
  },

  /** Makes conversations ready that were never ready. Returns the time, in milliseconds since the epoch. */
  release(sids: readonly string[]): number {
    for (const sid of sids) standIn.conversation(sid).looks = never;
    return Date.now();
  },

  /** How many of these conversations exist. */
  count(sids: readonly string[]): number {
    return sids.filter((sid) => standIn.has(sid)).length;
  },

  /** Creates a conversation whose agent added this many events before the server's last restart. */
  createFormer(sid: string, events: number): void {
    standIn.createConversation(sid).appendMany(events);
    standIn.restart();
  },

  /** Begins to measure the time between two checks of a conversation. */
  watchChecks(): void {
    const checkedAt = new Map<string, number>();
    let last = standIn.requests.at(-1);
    // More often than the journal of the last 10,000 requests turns over.
    setInterval(() => {
      const { requests } = standIn;
      const unread = requests.slice(last ? requests.lastIndexOf(last) + 1 : 0);
      last = unread.at(-1) ?? last;
      for (const { path, at } of unread) {
        if (!path.includes('start_id')) continue;
        const [conversation = ''] = path.split('?');
        const before = checkedAt.get(conversation);
        if (before !== undefined) gaps.push(at - before);
        checkedAt.set(conversation, at);
      }
    }, 1000);
  },

  /** The times measured so far, in milliseconds. */
  gapsBetweenChecks(): readonly number[] {
    return gaps;
  },

  /** The traffic so far. */
  traffic(): Traffic {
    const { connections, bytesSent, requestCount: requests } = standIn;
    return { connections, bytesSent, requests, posts: standIn.count('POST /api/conversations') };
  },

  /** Starts a server of the given kind whose conversations can be filled. Returns its base URL. */
  async listenFor(server: Server): Promise<string> {
    filled = await (server === 'openhands' ? OpenHandsStandIn.listen() : AgentServerStandIn.listen());
    return filled.url;
  },

  /** Creates a conversation on that server with a stream of this kind. */
  create(sid: string, stream: Stream = {}): void {
    filled.createConversation(sid);
    functions.fill(sid, stream);
  },

  /** Adds events to a conversation of that server. */
  fill(sid: string, { events = 0, screenshots = 0 }: Stream): void {
    const conversation = filled.conversation(sid);
    conversation.appendMany(events);
    conversation.appendScreenshots(screenshots);
  },

  /** That server's traffic so far. */
  filledTraffic(): Pick<Traffic, 'bytesSent' | 'requests'> {
    return { bytesSent: filled.bytesSent, requests: filled.requestCount };
  },

  ...usage,
};

type Server = 'openhands' | 'agent-server';

/** Events to add, the small ones first. A screenshot has a megabyte. */
export interface Stream {
  readonly events?: number;
  readonly screenshots?: number;
}

export type StandIn = typeof functions;

export interface Traffic {
  readonly connections: number;
  /** Including headers. */
  readonly bytesSent: number;
  readonly requests: number;
  /** Creates received. */
  readonly posts: number;
}

const never = Number.MAX_SAFE_INTEGER;

let standIn: OpenHandsStandIn;
const gaps: number[] = [];
let filled: OpenHandsStandIn | AgentServerStandIn;

serve(functions);
