import type { Client } from '@temporalio/client';
import type { CreateNestedConversationResult } from '../contract/input.js';
import { askOnce, askUntilAnswered, firstDelayMs, lastDelayMs, longer, pause } from './ask-temporal.js';
import { type ConversationStatus, conversationStatus, stepOf } from './conversation-status.js';
import { describeRun } from './describe-run.js';
import { pollForEnd } from './long-polls.js';
import type { Progress } from './progress.js';
import { type RunIds, resultOf, runResult } from './run-result.js';

/** The result is there already: its caller must not wait long for the last line of its progress. */
const tellEndWithinMs = 2_000;

/** The run that is waited for, and how. */
export interface Wait {
  readonly client: Client;
  /** Reads memos tolerantly. */
  readonly reader: Client;
  readonly run: RunIds;
  /** How many waits of this process may hold a long poll. */
  readonly longPolls: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Waits for the run's end. As many waits as the process has long polls hear of it at once; and every one looks at its run
 * about every ten seconds, so that a refused or lost poll costs time only.
 */
export async function waitForEnd(wait: Wait): Promise<CreateNestedConversationResult> {
  const { client, run, longPolls, progress, signal } = wait;
  const over = new AbortController();
  const during = { ...wait, signal: AbortSignal.any([signal, over.signal]) };
  const polling = { isOn: false };
  try {
    const event = await Promise.race([
      pollForEnd(client, run, { limit: longPolls, polling, signal: during.signal }),
      watchUntilClosed(during, polling),
    ]);
    if (progress.isWatched && !progress.latest?.closedAt) await tellEnd(wait);
    if (event) return await resultOf(client, run, event);
    return await askUntilAnswered(client, () => runResult(client, run), { signal, onRetrying: progress.onRetrying });
  } finally {
    over.abort();
  }
}

/** Reports what changes, and returns when the run has ended. */
async function watchUntilClosed(wait: Wait, polling: { readonly isOn: boolean }): Promise<void> {
  const { client, progress, signal } = wait;
  for (let delayMs = firstDelayMs; ; delayMs = longer(delayMs)) {
    // Whoever shows progress, or has no poll, looks more often in the first seconds.
    const isInNoHurry = polling.isOn && !progress.isWatched;
    if (isInNoHurry) await pause(lastDelayMs, signal);
    const seen = await askUntilAnswered(client, () => look(wait), { signal, onRetrying: progress.onRetrying });
    progress.report(seen.status, seen.step);
    if (seen.status.closedAt) return;
    if (!isInNoHurry) await pause(delayMs, signal);
  }
}

/** The result is what counts: progress that can't be read then is left out. */
async function tellEnd(wait: Wait): Promise<void> {
  const seen = await askOnce(wait.client, () => look(wait), wait.signal, tellEndWithinMs).catch(() => undefined);
  if (seen) wait.progress.report(seen.status, seen.step);
}

interface Seen {
  readonly status: ConversationStatus;
  /** See `stepOf`. */
  readonly step: number | undefined;
}

/** Not reported here: what a caller does then would be cancelled with this call. */
async function look({ client, reader, run }: Wait): Promise<Seen> {
  const description = await describeRun(reader, run);
  return { status: await conversationStatus(client, run.sid, description), step: stepOf(description) };
}
