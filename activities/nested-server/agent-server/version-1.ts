import type { Goal } from '../dialect.js';
import type { AgentServerState, Message } from './state.js';

/** The evidence of workers from before evidence had a version. Their runs can continue. */
interface EvidenceOfVersion1 {
  readonly watermark?: string;
  readonly status: string;
  readonly messageId?: string;
  readonly woken?: boolean;
  readonly unchanged?: number;
}

/** The events are read again from the watermark on, which finds the same facts again. */
export function upgrade(evidence: object, { messageDigest }: Goal): AgentServerState {
  const { watermark, status, woken, unchanged } = evidence as EvidenceOfVersion1;
  // This evidence was saved before a request that may have been sent.
  const message: Message =
    messageDigest === undefined ? { is: 'none' } : { is: 'sent', isAnswered: false, isRepeated: true };
  return {
    ...(watermark !== undefined && { cursor: watermark }),
    caughtUp: true,
    still: 0,
    status: status === 'absent' ? { kind: 'absent' } : { kind: 'told', value: status },
    isCreated: status !== 'absent' || unchanged !== undefined,
    agent: 'idle',
    message,
    mayPassOver: false,
    run: woken ? { is: 'asked', inLife: 0 } : { is: 'not-asked' },
    life: { number: 0, laterBoots: 0 },
  };
}
