import type { ConversationStatus } from '../client/conversation-status.js';
import { ConversationError } from '../client/errors.js';
import { describeLooks, phases } from '../client/words.js';
import { whatToDo } from '../contract/failures.js';
import type { CreateNestedConversationResult } from '../contract/input.js';
import { printable } from '../contract/printing/printable.js';
import { describeDuration, describeOverdue, describePaused } from './describe-status.js';

/** The result or error of an ended run; `undefined` while it runs. */
export type Outcome = CreateNestedConversationResult | Error | undefined;

/** Everything known about a start, most important first. */
export function statusScreen(status: ConversationStatus, outcome: Outcome, now = new Date()): string {
  const { sid, phase, startedAt, closedAt, overdue, paused, failedWorkflowTasks, server, apiUrl, userId } = status;
  const lasted = describeDuration((closedAt ?? now).getTime() - startedAt.getTime());
  const rows: [string, string | undefined][] = [
    ...outcomeRows(outcome),
    ['stuck', paused && describePaused(paused)],
    ['stuck', overdue && describeOverdue(overdue, now)],
    ['failing', failedWorkflowTasks && describeFailing(failedWorkflowTasks, status.workflowTaskFailure)],
    ['last seen', status.lastSeen],
    [phase === 'checking' ? 'checks' : 'attempts', attemptsOf(status)],
    ['server', [server, apiUrl].filter(Boolean).join(' at ')],
    ['user', userId],
    ['started', `${startedAt.toISOString().slice(0, 19).replace('T', ' ')} UTC`],
    ['workflow', status.workflowId],
    ['run', status.runId],
  ].filter((row): row is [string, string] => Boolean(row[1]));
  const title = `${sid}: ${phases[phase]}, ${closedAt ? 'after' : 'for'} ${lasted}`;
  // Text from servers and other clients must not break out of its row.
  return [title, ...rows.map(([name, value]) => `  ${name.padEnd(13)} ${printable(value ?? '')}`)].join('\n');
}

function outcomeRows(outcome: Outcome): [string, string | undefined][] {
  if (outcome === undefined) return [];
  if (!(outcome instanceof Error)) return [['result', `${outcome.status} after ${describeLooks(outcome.attempts)}`]];
  if (!(outcome instanceof ConversationError)) return [['reason', outcome.message]];
  const { type, message, details } = outcome as ConversationError;
  return [
    ['reason', message],
    ['what to do', whatToDo[type].replaceAll('`', '')],
    ['failure', type],
    ['details', JSON.stringify(details)],
  ];
}

function describeFailing(count: number, met = "see the workers' logs"): string {
  return `its workflow task failed ${times(count)} in a row: ${met}`;
}

/** Counts ended attempts, not the current one. */
function attemptsOf({ attempts, maximumAttempts }: ConversationStatus): string | undefined {
  return attempts === undefined ? undefined : `${attempts}${maximumAttempts ? ` of ${maximumAttempts}` : ''} completed`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
