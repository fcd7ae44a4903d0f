import { Context } from '@temporalio/activity';
import type { Transport } from './nested-server/transport.js';

/** How often work in progress is reported; the worker's heartbeat throttle decides how often that reaches Temporal. */
const heartbeatIntervalMs = 1000;

/** Contexts of activities that have sent a heartbeat of the SDK's, which throttles them. */
const beaten = new WeakSet<Context>();

/** What an activity has told Temporal last, for the next attempt. */
const told = new WeakMap<Context, unknown>();

/** For activities that wait for a write, of which there is one at a time: how often they heartbeat meanwhile. */
const writes = new WeakMap<Context, number>();

/** The same transport, which has the activity's heartbeats come less often during a write. */
export function notingWrites(transport: Transport, intervalMs: number): Transport {
  return async (request) => {
    if (request.method === 'GET') return transport(request);
    const context = Context.current();
    writes.set(context, intervalMs);
    return transport(request).finally(() => writes.delete(context));
  };
}

/**
 * Heartbeats each second while `work` runs, and less often during a write: so Temporal learns of a dead worker, and the
 * activity of a cancellation. What is over sooner sends none, but for what a failed attempt leaves to the next.
 *
 * Each heartbeat carries the details, and as long as there are none there is no heartbeat: one without would wipe
 * those that are written down, even one sent earlier, as it may arrive later, or with the failure of the attempt.
 */
export async function heartbeatDuring<T>(details: () => unknown, work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  told.set(context, context.info.heartbeatDetails);
  const beat = () => {
    const current = details();
    if (current === undefined) return;
    context.heartbeat(current);
    beaten.add(context);
    told.set(context, current);
  };
  let lastBeatAt = performance.now();
  const timer = setInterval(() => {
    const intervalMs = writes.get(context) ?? heartbeatIntervalMs;
    // Timers may be a little early.
    if (performance.now() - lastBeatAt < intervalMs - heartbeatIntervalMs / 2) return;
    lastBeatAt = performance.now();
    beat();
  }, heartbeatIntervalMs);
  try {
    return await work();
  } catch (error) {
    // The next attempt goes on from what this one saw. Where that is nothing new, Temporal need not write it again.
    if (JSON.stringify(details()) !== JSON.stringify(told.get(context))) beat();
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Saves the details for the next attempt, and returns when Temporal has acknowledged them.
 *
 * A plain `heartbeat()` is fire-and-forget and can be lost with the worker. This one survives a SIGKILL right after it,
 * and it is a fence: it throws for an attempt that Temporal has given up on, or was asked to cancel.
 */
export async function checkpoint(details: unknown): Promise<void> {
  const context = Context.current();
  // The SDK may hold a throttled heartbeat with older details, and would send it after this one.
  if (beaten.has(context)) context.heartbeat(details);
  await context.client.activity.heartbeat(context.info.taskToken, details);
  told.set(context, details);
}
