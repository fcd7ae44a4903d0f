import type { Client } from '@temporalio/client';
import type { CreateNestedConversationResult } from '../contract/input.js';
import { askOnce, askUntilAnswered, firstDelayMs, lastDelayMs, longer, pause } from './ask-temporal.js';
import { type ConversationStatus, conversationStatus, stepOf } from './conversation-status.js';
import { describeRun } from './describe-run.js';
import { pollForEnd } from './long-polls.js';
import type { Progress } from './progress.js';
import { type RunIds, resultOf, runResult } from './run-result.js';

/** The result is already known, so the caller must not wait long for the final progress. */
const tellEndWithinMs = 2_000;

/** The run to wait for, and how. */
export interface Wait {
  readonly client: Client;
  /** Ignores memo fields that can't be decoded. */
  readonly reader: Client;
  readonly run: RunIds;
  /** How many waits of this process may hold a long poll. */
  readonly longPolls: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Waits for the run's end. A wait with a long poll learns of the end at once. Every wait also describes its run about
 * every ten seconds, so that a refused or lost poll only costs time.
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

/** Reports changes, and returns when the run has ended. */
async function watchUntilClosed(wait: Wait, polling: { readonly isOn: boolean }): Promise<void> {
  const { client, progress, signal } = wait;
  for (let delayMs = firstDelayMs; ; delayMs = longer(delayMs)) {
    // A wait that reports progress, or has no poll, describes its run more often in the first seconds.
    const isInNoHurry = polling.isOn && !progress.isWatched;
    if (isInNoHurry) await pause(lastDelayMs, signal);
    const seen = await askUntilAnswered(client, () => look(wait), { signal, onRetrying: progress.onRetrying });
    progress.report(seen.status, seen.step);
    if (seen.status.closedAt) return;
    if (!isInNoHurry) await pause(delayMs, signal);
  }
}

/** Errors are ignored: the result matters more than the final progress. */
async function tellEnd(wait: Wait): Promise<void> {
  const seen = await askOnce(wait.client, () => look(wait), wait.signal, tellEndWithinMs).catch(() => undefined);
  if (seen) wait.progress.report(seen.status, seen.step);
}

interface Seen {
  readonly status: ConversationStatus;
  /** See `stepOf`. */
  readonly step: number | undefined;
}

/** Does not report: a call that the caller makes in its callback would be cancelled together with this one. */
async function look({ client, reader, run }: Wait): Promise<Seen> {
  const description = await describeRun(reader, run);
  return { status: await conversationStatus(client, run.sid, description), step: stepOf(description) };
}
