import type { Client } from '@temporalio/client';
import { askOnce, isPassing, isRefused, lastDelayMs, pause } from './ask-temporal.js';
import { onAbort } from './on-abort.js';
import { askForEnd, type CloseEvent, type RunIds } from './run-result.js';

/**
 * How many waits of a process hold a long poll at a time, unless the option `longPolls` says otherwise. A connection
 * through a proxy carries some 100 streams at a time, and other calls need some of them.
 */
export const defaultLongPolls = 64;

/** Temporal answers a long poll with nothing after 20 s, or as it is configured, up to a minute. */
const pollWithinMs = 90_000;

/** After a poll was refused or lost. */
const pauseMs = 1_000;

interface Queued {
  readonly limit: number;
  readonly grant: () => void;
}

let inUse = 0;
const queue = new Set<Queued>();

export interface PollOptions {
  /** How many waits of the process may poll. */
  readonly limit: number;
  /** Says whether this one polls now. */
  readonly polling: { isOn: boolean };
  readonly signal: AbortSignal;
}

type Execution = Omit<RunIds, 'sid'>;

/**
 * Returns when the run has ended, with its last event. Waits for one of the process's long polls to be free, and for its
 * turn. A refused or lost poll is made again, so that it never rejects but for the signal.
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
    // The namespace has as many polls as it takes: others may have more use for them.
    await pause(lastDelayMs, signal);
  }
}

/** `undefined` where Temporal takes no more polls. */
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
      if (event) return event;
      nextPageToken = answer.nextPageToken;
    } catch (error) {
      signal.throwIfAborted();
      // What is wrong for good, whoever describes the run is told, too.
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

/** To whoever has waited longest. */
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
