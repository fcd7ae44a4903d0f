import { Runtime } from '@temporalio/worker';
import type { OnUnreadable } from '../codec/tolerant-codec.js';
import { metricNames } from '../contract/metrics.js';

/** A payload that can't be read is met again with each attempt: it is logged this seldom. */
const quietMs = 60_000;

/** Reasons that are kept in mind. What is made up could be told in endless ways. */
const maximumReasons = 100;

/**
 * Counts each payload that a worker can't read, and logs each reason now and then.
 *
 * @param labels - those that the SDK's own metrics have
 */
export function reportUnreadable(labels: { readonly namespace: string; readonly task_queue: string }): OnUnreadable {
  const loggedAt = new Map<string, number>();
  return (kind, reason) => {
    const { metricMeter, logger } = Runtime.instance();
    metricMeter.createCounter(metricNames.unreadable).add(1, { ...labels, kind });
    const now = performance.now();
    if (now - (loggedAt.get(reason) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
    if (loggedAt.size >= maximumReasons) loggedAt.clear();
    loggedAt.set(reason, now);
    const told = {
      undecodable: "A payload can't be decoded",
      locked: "A payload can't be decrypted: a key is missing",
    };
    logger.warn(told[kind], { reason });
  };
}
