import type { RunPhase } from '../../client/conversation-status.js';
import type { InjectedFault } from '../../dev-stack/stand-ins/faults.js';
import type { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import type { TemporalLine } from './temporal-line.js';

/** A moment in a start's life at which a disaster strikes. */
export interface Moment {
  readonly name: string;
  readonly phase: RunPhase;
  /** Makes the nested server hold the start at this moment. */
  hold(server: OpenHandsStandIn, sid: string): InjectedFault;
  /** Resolves once the start has reached this moment. */
  caught(start: ComingStart): Promise<void>;
}

interface ComingStart {
  /** The connection between the workers and Temporal. */
  readonly line: TemporalLine;
  /** Resolves once one of its requests is held. */
  readonly reached: Promise<void>;
  letGo(): void;
  /** Resolves once an attempt of its current activity has ended in any way. */
  attemptEnded(): Promise<void>;
}

/** `createConversation` reads before the first look: the events before and after its POST, and the status after it. */
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
  name: 'between two checks',
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
  name: 'during a check',
  phase: 'checking',
  hold: holdLooks,
  caught: ({ reached }) => reached,
};

export const readyUnreported: Moment = {
  name: 'ready, not reported to Temporal yet',
  phase: 'checking',
  hold: holdLooks,
  async caught({ line, reached, letGo }) {
    await reached;
    // Every other activity is held, so only this look can complete.
    const reported = line.hold('RespondActivityTaskCompleted');
    letGo();
    await reported;
  },
};

/** In the order in which they are caught: holding the last one would also hold the creates of the others. */
export const moments: readonly Moment[] = [beforePost, afterPost, betweenLooks, duringLook, readyUnreported];
