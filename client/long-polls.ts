import type { Client } from '@temporalio/client';
import { askOnce, isPassing, isRefused, lastDelayMs, pause } from './ask-temporal.js';
import { onAbort } from './on-abort.js';
import { askForEnd, type CloseEvent, isEnd, type RunIds } from './run-result.js';

/**
 * The default of the option `longPolls`: how many waits of a process hold a long poll at the same time. A connection
 * through a proxy has about 100 streams, and other calls need some of them.
 */
export const defaultLongPolls = 64;

/** Temporal ends an empty long poll after 20 s by default, and after a minute at most. */
const pollWithinMs = 90_000;

/** Wait after a poll was refused or lost. */
const pauseMs = 1_000;

interface Queued {
  readonly limit: number;
  readonly grant: () => void;
}

let inUse = 0;
const queue = new Set<Queued>();

export interface PollOptions {
  /** How many waits of the process may poll at the same time. */
  readonly limit: number;
  /** Whether this wait is polling now. */
  readonly polling: { isOn: boolean };
  readonly signal: AbortSignal;
}

type Execution = Omit<RunIds, 'sid'>;

/**
 * Returns the last event of the run when it has ended. Waits until one of the process's long polls is free. A refused
 * or lost poll is repeated, so this rejects only when the signal is aborted.
 */
export async function pollForEnd(
  client: Client,
  execution: Execution,
  { limit, polling, signal }: PollOptions,
): Promise<CloseEvent> {
  for (;;) {
    await takeTurn(limit, signal);
    polling.isOn = true;
    try {
      const event = await pollWhileAllowed(client, execution, signal);
      if (event) return event;
    } finally {
      polling.isOn = false;
      handOn();
    }
    // The namespace has reached its limit of polls, or the run is paused. Leave them to others for a while.
    await pause(lastDelayMs, signal);
  }
}

/** Polls until the run ends; `undefined` if Temporal refuses more polls. */
async function pollWhileAllowed(
  client: Client,
  execution: Execution,
  signal: AbortSignal,
): Promise<CloseEvent | undefined> {
  let nextPageToken: Uint8Array | null | undefined;
  for (;;) {
    try {
      const poll = () => askForEnd(client, execution, { nextPageToken });
      const answer = await askOnce(client, poll, signal, pollWithinMs);
      const [event] = answer.history?.events ?? [];
      // While a run is paused, Temporal answers at once, with its newest event.
      if (event) return isEnd(event) ? event : undefined;
      nextPageToken = answer.nextPageToken;
    } catch (error) {
      signal.throwIfAborted();
      // The call that describes the run reports permanent errors.
      if (isRefused(error) || !isPassing(error)) return undefined;
      nextPageToken = undefined;
      await pause(pauseMs, signal);
    }
  }
}

async function takeTurn(limit: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (inUse < limit) {
    inUse += 1;
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const queued: Queued = {
      limit,
      grant: () => {
        takeBack();
        resolve();
      },
    };
    queue.add(queued);
    const takeBack = onAbort(signal, () => {
      queue.delete(queued);
      reject(signal.reason);
    });
  });
}

/** Gives the free poll to the wait that has waited longest. */
function handOn(): void {
  inUse -= 1;
  for (const queued of queue) {
    if (inUse >= queued.limit) continue;
    queue.delete(queued);
    inUse += 1;
    queued.grant();
    return;
  }
}
