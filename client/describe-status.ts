import type { ConversationStatus, RunPhase } from './conversation-status.js';
import type { ListedConversation } from './list-conversations.js';

export const phases: Record<RunPhase, string> = {
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

/** A table, a line for each. */
export function describeList(conversations: readonly ListedConversation[]): string {
  if (conversations.length === 0) return 'no conversation was started, or none like that';
  const rows = conversations.map(({ sid, phase, userId = '', apiUrl = '', startedAt }) => [
    startedAt.toISOString().slice(0, 19).replace('T', ' '),
    phase,
    sid,
    userId,
    apiUrl,
  ]);
  const all = [['STARTED (UTC)', 'PHASE', 'CONVERSATION', 'USER', 'SERVER'], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
