import { Context } from '@temporalio/activity';
import type { MetricCounter } from '@temporalio/common';
import type { Conversation } from '../contract/input.js';
import { metricNames } from '../contract/metrics.js';

/** A counter with the labels of the SDK's own metrics in their spelling: its meter says `taskQueue`, they `task_queue`. */
export function counter(name: string): MetricCounter {
  const { info, metricMeter } = Context.current();
  const labels = { task_queue: info.taskQueue, activity_type: info.activityType };
  return metricMeter.createCounter(name).withTags(labels);
}

/** Counts a create that succeeded. */
export function countCreated(server: Conversation['server']): void {
  counter(metricNames.created).add(1, { server });
}

/** Counts an attempt that was one too many for its server. */
export function countSurplus(): void {
  counter(metricNames.surplus).add(1);
}
