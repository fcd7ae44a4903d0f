import type { ConversationPhase, ConversationStatus } from './conversation-status.js';

const phases: Record<ConversationPhase, string> = {
  queued: 'waiting for a worker',
  creating: 'creating the conversation',
  checking: 'checking that it is ready',
  stopping: 'stopping the conversation',
  ready: 'ready',
  failed: 'failed',
  cancelled: 'cancelled',
  terminated: 'terminated',
  'timed-out': 'timed out',
};

/** One line for a person, e.g. `12 s  checking that it is ready: conv_1 is STARTING (agent loading); look 3 of 60, …`. */
export function describeStatus(status: ConversationStatus, now = new Date()): string {
  const { phase, attempts, maximumAttempts, lastSeen, startedAt, closedAt } = status;
  const seconds = Math.max(0, Math.round(((closedAt ?? now).getTime() - startedAt.getTime()) / 1000));
  // What a look saw says which look it was; what a create met does not.
  const attempt = phase === 'creating' && attempts ? ` (attempt ${attempts + 1} of ${maximumAttempts})` : '';
  return `${String(seconds).padStart(3)} s  ${phases[phase]}${attempt}${!closedAt && lastSeen ? `: ${lastSeen}` : ''}`;
}

/** A number of looks in words. */
export function describeLooks(attempts: number): string {
  return attempts === 1 ? 'one look' : `${attempts} looks`;
}
