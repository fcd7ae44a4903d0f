import { z } from 'zod';
import type { FailureType } from './failures.js';

/** For callers in other languages. Unknown keys are allowed, since a later version may add some. */
const request = z.object({
  method: z.string().exactOptional(),
  url: z.string().describe('Without secrets').exactOptional(),
  status: z.int().nonnegative().describe('HTTP status, where there was an answer').exactOptional(),
  msgId: z.string().describe("The server's own name for its error").exactOptional(),
});

/**
 * The interfaces of `failures.ts` as schemas. They are in a separate file because zod must stay out of the workflow
 * bundle.
 */
export const failureDetails = {
  InvalidInput: z.object({
    problems: z.array(
      z.object({
        field: z.string().describe("Dotted path such as 'readiness.interval'; empty for the input as a whole"),
        problem: z.string(),
      }),
    ),
  }),
  ConversationRejected: request,
  Unauthorized: request,
  NestedServerUnavailable: request,
  ConversationNotReady: z.object({
    attempts: z.int().nonnegative().describe('Looks made, the first included'),
    maximumAttempts: z.int().nonnegative(),
    interval: z.string().describe("As in the input, e.g. '2 seconds'"),
    waitedMs: z.int().nonnegative().describe('From the start of the workflow to its failure'),
    lastObservation: z.string().describe("What the last look saw, e.g. 'STARTING (agent loading)'"),
  }),
  ConversationFailed: z.object({ reason: z.string().describe("The server's reason, in its words") }),
} satisfies Record<FailureType, z.ZodType>;
