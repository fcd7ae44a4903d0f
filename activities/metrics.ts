import { Context } from '@temporalio/activity';
import type { MetricCounter } from '@temporalio/common';
import type { Conversation } from '../contract/input.js';
import { metricNames } from '../contract/metrics.js';

/** A counter with the label names of the SDK's own metrics: `task_queue`, where the SDK's meter adds `taskQueue`. */
export function counter(name: string): MetricCounter {
  const { info, metricMeter } = Context.current();
  const labels = { task_queue: info.taskQueue, activity_type: info.activityType };
  return metricMeter.createCounter(name).withTags(labels);
}

export function countCreated(server: Conversation['server']): void {
  counter(metricNames.created).add(1, { server });
}

export function countSurplus(): void {
  counter(metricNames.surplus).add(1);
}
