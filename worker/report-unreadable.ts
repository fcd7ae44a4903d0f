import { Runtime } from '@temporalio/worker';
import type { OnUnreadable } from '../codec/tolerant-codec.js';
import { metricNames } from '../contract/metrics.js';

/** Minimum time between two log lines with the same reason, since each attempt meets the same payload again. */
const quietMs = 60_000;

/** Maximum number of reasons to remember. A client can make up any number of them. */
const maximumReasons = 100;

/**
 * Counts the payloads that a worker can't read, and logs each reason at most once a minute.
 *
 * @param labels - the labels of the SDK's own metrics
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
