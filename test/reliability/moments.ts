import type { RunPhase } from '../../client/conversation-status.js';
import type { InjectedFault } from '../../dev-stack/stand-ins/faults.js';
import type { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import type { TemporalLine } from './temporal-line.js';

/** A moment in the life of a start, at which disaster strikes. */
export interface Moment {
  readonly name: string;
  readonly phase: RunPhase;
  /** Makes the nested server keep the start there. */
  hold(server: OpenHandsStandIn, sid: string): InjectedFault;
  /** Resolves once the start is there. */
  caught(start: ComingStart): Promise<void>;
}

interface ComingStart {
  /** Between the workers and Temporal. */
  readonly line: TemporalLine;
  /** Resolves once a request of it has met what holds it. */
  readonly reached: Promise<void>;
  letGo(): void;
  /** Resolves once an attempt of its present activity has ended, in whatever way. */
  attemptEnded(): Promise<void>;
}

/** What `createConversation` reads comes before the first look: the events before its POST and after it, the status after. */
const eventsReadBeforeLooks = 2;
const statusReadBeforeLooks = 1;

const holdLooks: Moment['hold'] = (server, sid) =>
  server.inject({
    path: `/api/conversations/${sid}/events`,
    after: eventsReadBeforeLooks,
    times: Number.POSITIVE_INFINITY,
    fault: { kind: 'delay-until' },
  });

export const beforePost: Moment = {
  name: 'before the POST',
  phase: 'creating',
  hold: (server, sid) =>
    server.inject({
      path: `/api/conversations/${sid}/events`,
      times: Number.POSITIVE_INFINITY,
      fault: { kind: 'delay-until' },
    }),
  caught: ({ reached }) => reached,
};

export const afterPost: Moment = {
  name: 'POST accepted, not answered yet',
  phase: 'creating',
  hold: (server) =>
    server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'delay-until', process: true } }),
  caught: ({ reached }) => reached,
};

export const betweenLooks: Moment = {
  name: 'between two looks',
  phase: 'checking',
  hold: (server, sid) =>
    server.inject({
      path: `/api/conversations/${sid}`,
      after: statusReadBeforeLooks,
      times: Number.POSITIVE_INFINITY,
      fault: { kind: 'answer', status: 200, body: '{"status":"STARTING"}' },
    }),
  async caught({ reached, attemptEnded }) {
    await reached;
    await attemptEnded();
  },
};

export const duringLook: Moment = {
  name: 'during a look',
  phase: 'checking',
  hold: holdLooks,
  caught: ({ reached }) => reached,
};

export const readyUntold: Moment = {
  name: 'ready seen, Temporal not told yet',
  phase: 'checking',
  hold: holdLooks,
  async caught({ line, reached, letGo }) {
    await reached;
    // Every other activity is held: this look is the only one that can complete.
    const told = line.hold('RespondActivityTaskCompleted');
    letGo();
    await told;
  },
};

/** In the order in which they are caught: what holds the last one would hold back the others' creates. */
export const moments: readonly Moment[] = [beforePost, afterPost, betweenLooks, duringLook, readyUntold];
