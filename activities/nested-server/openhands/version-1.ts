import type { Goal } from '../dialect.js';
import { type Agent, type Loop, type Message, type OpenHandsState, type Status, waitingStates } from './state.js';

/** The evidence of workers from before evidence had a version. Their runs can continue. */
interface EvidenceOfVersion1 {
  readonly watermark: number;
  readonly cursor: number;
  readonly caughtUp: boolean;
  readonly status: string;
  readonly tellsStatus?: boolean;
  readonly accepted?: boolean;
  readonly agent?: Omit<Agent, 'isOurs'>;
  readonly formerAgent?: Omit<Agent, 'isOurs'>;
  readonly pastId?: number;
  readonly loadingId?: number;
  readonly messageId?: number;
  readonly heardId?: number;
  readonly wakeId?: number;
  readonly nudgeId?: number;
}

export function upgrade(evidence: object, goal: Goal): OpenHandsState {
  const known = evidence as EvidenceOfVersion1;
  const { watermark, cursor, caughtUp, agent, formerAgent } = known;
  const before = formerAgent ?? (agent && agent.id <= watermark ? agent : undefined);
  return {
    watermark,
    cursor,
    caughtUp,
    isStill: false,
    status: statusOf(known),
    loop: loopOf(known),
    message: messageOf(known, goal),
    ...(before && { before: { ...before, isOurs: false } }),
  };
}

function statusOf({ status, tellsStatus = false }: EvidenceOfVersion1): Status {
  if (status === 'absent') return { kind: 'absent' };
  return status === 'unreadable' ? { kind: 'unreadable', wasTold: tellsStatus } : { kind: 'told', value: status };
}

function loopOf(known: EvidenceOfVersion1): Loop {
  const { status, accepted, agent, formerAgent, pastId = -1, loadingId = -1, watermark } = known;
  if (status === 'STOPPED' || (status === 'absent' && !accepted)) return { life: 'none' };
  if (agent && agent.id > pastId && loadingId > pastId) {
    return { life: 'live', since: loadingId, agent: { ...agent, isOurs: true }, turn: 'ours' };
  }
  if (agent && agent.id > pastId) {
    const turn = waitingStates.has(agent.state) ? 'none' : 'theirs';
    return { life: 'live', since: watermark, agent: { ...agent, isOurs: false }, turn };
  }
  if (accepted) return { life: 'started' };
  return { life: formerAgent ? 'unproven' : 'none' };
}

function messageOf(known: EvidenceOfVersion1, { messageDigest }: Goal): Message {
  const { messageId, heardId, loadingId = -1, wakeId = -1, nudgeId = -1, watermark, cursor, accepted } = known;
  if (messageDigest === undefined) return { is: 'none' };
  // This evidence was saved before a request that may have been sent.
  if (messageId === undefined) {
    return {
      is: 'sent',
      by: 'create',
      isAnswered: accepted === true && known.pastId !== undefined,
      after: watermark,
      lastAfter: cursor,
      isRepeated: true,
      unseen: 0,
    };
  }
  if (heardId !== undefined) return { is: 'taken-up', id: messageId, isRecalled: true, wasHeard: true };
  const waking = nudgeId > loadingId ? 'pointed' : wakeId > loadingId ? 'awake' : 'no';
  return { is: 'stored', id: messageId, isRecalled: false, waking };
}
