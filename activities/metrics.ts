import { Context } from '@temporalio/activity';
import type { Conversation } from '../contract/input.js';
import { metricNames } from '../contract/metrics.js';

/** Counts a create that succeeded. */
export function countCreated(server: Conversation['server']): void {
  Context.current().metricMeter.createCounter(metricNames.created).add(1, { server });
}

/** Counts an attempt that was one too many for its server. The SDK labels it with the activity's type. */
export function countSurplus(): void {
  Context.current().metricMeter.createCounter(metricNames.surplus).add(1);
}
