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
export function describeStatus({ phase, lastSeen, startedAt, closedAt }: ConversationStatus, now = new Date()): string {
  const seconds = Math.max(0, Math.round(((closedAt ?? now).getTime() - startedAt.getTime()) / 1000));
  return `${String(seconds).padStart(3)} s  ${phases[phase]}${!closedAt && lastSeen ? `: ${lastSeen}` : ''}`;
}
