import { Context } from '@temporalio/activity';
import type { Transport } from './nested-server/transport.js';

/** How often running work sends a heartbeat. The worker's throttle decides how often one reaches Temporal. */
const heartbeatIntervalMs = 1000;

/** Activities that have sent a heartbeat through the SDK, which throttles heartbeats. */
const beaten = new WeakSet<Context>();

/** The details that each activity last sent to Temporal. */
const told = new WeakMap<Context, unknown>();

/**
 * Heartbeat intervals, in milliseconds, of the activities with a write in flight. Each has at most one write at a time.
 */
const writes = new WeakMap<Context, number>();

/** Wraps a transport so that the activity sends heartbeats less often during a write. */
export function notingWrites(transport: Transport, intervalMs: number): Transport {
  return async (request) => {
    if (request.method === 'GET') return transport(request);
    const context = Context.current();
    writes.set(context, intervalMs);
    return transport(request).finally(() => writes.delete(context));
  };
}

/**
 * Sends heartbeats while `work` runs: each second, and less often during a write. With them, Temporal detects a dead
 * worker, and the activity learns of a cancellation. Work that ends within a second sends no heartbeat, except a failed
 * attempt, which saves its state for the next one.
 *
 * Each heartbeat carries the details, and none is sent while there are no details. A heartbeat without details would
 * erase the checkpointed ones. Even an earlier one could, because it can arrive late or with the attempt's failure.
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
    // Timers can fire slightly early.
    if (performance.now() - lastBeatAt < intervalMs - heartbeatIntervalMs / 2) return;
    lastBeatAt = performance.now();
    beat();
  }, heartbeatIntervalMs);
  try {
    return await work();
  } catch (error) {
    // The next attempt continues from this state. A state that Temporal already has is not sent again.
    if (JSON.stringify(details()) !== JSON.stringify(told.get(context))) beat();
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Saves the details for the next attempt, and returns once Temporal has acknowledged them.
 *
 * A plain `heartbeat()` is fire-and-forget and can be lost with the worker. This one survives a SIGKILL right after it.
 * It is also a fence: it throws if Temporal has given up on the attempt or was asked to cancel it.
 */
export async function checkpoint(details: unknown): Promise<void> {
  const context = Context.current();
  // The SDK may hold a throttled heartbeat with older details and would send it after this one.
  if (beaten.has(context)) context.heartbeat(details);
  await context.client.activity.heartbeat(context.info.taskToken, details);
  told.set(context, details);
}
