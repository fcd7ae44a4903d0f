import type { ConversationStatus, OverdueStep, Paused, Retrying } from '../client/conversation-status.js';
import type { ListedConversation } from '../client/list-conversations.js';
import { phases } from '../client/words.js';
import { printable } from '../contract/printing/printable.js';
import { commandLine } from './command-line.js';
import { asOneLine } from './print.js';

/**
 * One line for a person, e.g. `12 s  checking that it is ready: conv_1 is STARTING (agent loading); look 3 of 60, …`.
 */
export function describeStatus(status: ConversationStatus, now = new Date()): string {
  const { phase, attempts, maximumAttempts, lastSeen, startedAt, closedAt, overdue, paused } = status;
  const seconds = Math.max(0, Math.round(((closedAt ?? now).getTime() - startedAt.getTime()) / 1000));
  // A readiness check's message contains its number. A create's does not.
  const attempt = phase === 'creating' && attempts ? ` (attempt ${attempts + 1} of ${maximumAttempts})` : '';
  const meets = status.workflowTaskFailure ?? lastSeen;
  const stuck = (paused && describePaused(paused)) || (overdue && describeOverdue(overdue, now));
  const met = closedAt ? undefined : stuck || meets;
  const stale = status.retrying ? ` (${describeRetrying(status.retrying, now)}; this is the last known status)` : '';
  return `${String(seconds).padStart(3)} s  ${phases[phase]}${attempt}${met ? `: ${asOneLine(met)}` : ''}${stale}`;
}

export function describeRetrying({ since, reason }: Retrying, now = new Date()): string {
  return `Temporal has not answered for ${describeDuration(now.getTime() - since.getTime())}, retrying: ${asOneLine(reason)}`;
}

/** Says what a stuck run waits for, and how to find out more. */
export function describeOverdue({ since, taskQueue, version }: OverdueStep, now = new Date()): string {
  const which = version ? `of version ${version} ` : '';
  const waited = describeDuration(now.getTime() - since.getTime());
  return `no worker ${which}on task queue ${taskQueue} has picked it up after ${waited} (run ${commandLine('doctor')})`;
}

/** Says who can continue it. */
export function describePaused({ by, reason }: Paused): string {
  const who = by ? ` by ${asOneLine(by)}` : '';
  const why = reason ? `: ${asOneLine(reason)}` : '';
  return `paused in Temporal${who}${why} (continue it with 'temporal workflow unpause' or 'temporal activity unpause')`;
}

/** The duration in its two largest units, e.g. `12 s`, `3 min 5 s` or `3 d`. */
export function describeDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const counts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const largest = counts.findIndex(([count]) => count > 0);
  const told = counts.slice(largest, largest + 2).filter(([count]) => count > 0);
  return told.map(([count, unit]) => `${count} ${unit}`).join(' ') || '0 s';
}

/** A table with one line per conversation. */
export function describeList(conversations: readonly ListedConversation[]): string {
  if (conversations.length === 0) return 'no conversation starts found';
  const rows = conversations.map(({ sid, phase, userId = '', apiUrl = '', startedAt }) => [
    startedAt.toISOString().slice(0, 19).replace('T', ' '),
    phase,
    sid,
    userId,
    apiUrl,
  ]);
  // Text from other clients must not break out of its row.
  const shown = rows.map((row) => row.map((cell) => printable(cell)));
  const all = [['STARTED (UTC)', 'PHASE', 'CONVERSATION', 'USER', 'SERVER'], ...shown];
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
