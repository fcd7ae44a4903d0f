import { proxyActivities, sleep } from '@temporalio/workflow';
import type { activities, Place } from './activities.js';

const startToCloseTimeout = '15 seconds';
const { noOp, bareCreate, fencedCreate, bareLook } = proxyActivities<typeof activities>({ startToCloseTimeout });

/** The first floor: what Temporal takes for two steps. */
export async function noOps(): Promise<void> {
  await noOp();
  await noOp();
}

/** The second floor: the same, with the requests that a start needs. */
export async function bareCalls(place: Place): Promise<void> {
  await bareCreate(place);
  await bareLook(place);
}

/** The third floor: the same, with the call to Temporal that makes the message arrive exactly once. */
export async function fencedCalls(place: Place): Promise<void> {
  await fencedCreate(place);
  await bareLook(place);
}

/** Activities that are retried at a fixed interval. */
const retriedEvery = (interval: `${number} minutes` | `${number} second`) =>
  proxyActivities<typeof activities>({
    startToCloseTimeout,
    retry: { initialInterval: interval, backoffCoefficient: 1 },
  });

/** Waits like our workflow does, in the retries of its second activity. */
export async function waiting(interval: `${number} minutes`): Promise<void> {
  await noOp();
  await retriedEvery(interval).neverReady();
}

/** The same, with the requests: a conversation is created, then checked again and again. */
export async function waitingWithLooks(interval: `${number} second`, place: Place): Promise<void> {
  await bareCreate(place);
  await retriedEvery(interval).neverReadyLook(place);
}

/** The common alternative to a retry policy: one activity per look, with a timer between two looks. */
export async function pollingWithTimers(looks: number): Promise<void> {
  await noOp();
  for (let look = 1; ; look++) {
    await noOp();
    if (look === looks) return;
    await sleep('1 second');
  }
}
