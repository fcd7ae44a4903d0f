import { Context } from '@temporalio/activity';
import { type ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { printable } from '../contract/printing/printable.js';
import type { CheckConversationReadyInput, LookHeartbeat } from './interface.js';
import { countSurplus } from './metrics.js';
import { failure } from './nested-server/failures.js';
import { notReadyYetFailure } from './not-ready-yet.js';

/** In milliseconds. The twelve attempts of a create then span several minutes. */
const delays = { shortest: 1_000, longest: 60_000 };

/**
 * The failure of a create or a cleanup that exceeds its server's limit.
 *
 * @param waitMs The time after which there may be room.
 */
export function surplusCreate(apiUrl: string, maximum: number, waitMs: number): ApplicationFailure {
  countSurplus();
  // Random, so that activities that came together do not return together.
  const spread = 0.75 + Math.random() / 2;
  const delayMs = Math.min(Math.max(waitMs, 1.5 * delays.shortest), delays.longest) * spread;
  return failure(
    'NestedServerUnavailable',
    `not sent yet: ${reasonOf(apiUrl, maximum)}`,
    {},
    {
      category: ApplicationFailureCategory.BENIGN,
      nextRetryDelay: Math.round(Math.max(delayMs, delays.shortest)),
    },
  );
}

/** The failure of a look that exceeds its server's limit. The next look comes after the usual interval. */
export function surplusLook(input: CheckConversationReadyInput, apiUrl: string, maximum: number): ApplicationFailure {
  countSurplus();
  const before: Partial<LookHeartbeat> | undefined = Context.current().info.heartbeatDetails;
  const reason = `not checked: ${reasonOf(apiUrl, maximum)}`;
  const seen = typeof before?.seen === 'string' ? `${before.seen}, then ${reason}` : reason;
  return notReadyYetFailure(input, seen, ApplicationFailureCategory.BENIGN);
}

function reasonOf(apiUrl: string, maximum: number): string {
  const server = printable(apiUrl, { maximumBytes: 200 });
  return `${maximum} requests to ${server} are in flight, the maximum for one worker (WORKER_MAX_ACTIVITIES_PER_SERVER)`;
}
