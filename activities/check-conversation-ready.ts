import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { toMilliseconds } from '../contract/duration.js';
import { baseUrlOf } from '../contract/input.js';
import type { ActivityDependencies } from './dependencies.js';
import { presentableText, withinContract } from './failure-boundary.js';
import { heartbeatDuring } from './heartbeats.js';
import type { CheckConversationReadyInput, ConversationLook, Evidence } from './interface.js';
import { dialectOf } from './nested-server/dialects.js';
import { failure } from './nested-server/failures.js';
import { HttpClient, NoAnswerError } from './nested-server/http-client.js';

/** What a look leaves behind for the next one, and for a person who wonders why the last look timed out. */
interface LookHeartbeat {
  readonly evidence: Evidence;
  readonly seen: string;
}

/**
 * Looks at the conversation once. Its RetryPolicy is the readiness policy: Temporal holds the interval between two
 * looks and counts them, and while a conversation waits, nothing runs here.
 *
 * Safe to retry: it only reads. It reads on from where the last look stopped.
 *
 * @throws ApplicationFailure of type ConversationNotReady (retried: that is the next look), ConversationFailed,
 *   Unauthorized or ConversationRejected (final)
 */
export async function checkConversationReady(
  input: CheckConversationReadyInput,
  { transport }: ActivityDependencies,
): Promise<ConversationLook> {
  const { server: dialectName = 'openhands', apiUrl, client, goal, readiness, attemptsBefore = 0 } = input;
  const { info, cancellationSignal } = Context.current();
  const attempts = attemptsBefore + info.attempt;
  const earlier: LookHeartbeat | undefined = info.heartbeatDetails;
  let { evidence, seen } = earlier ?? { evidence: input.evidence, seen: 'nothing yet' };
  const dialect = dialectOf(dialectName);
  const server = new HttpClient({
    transport,
    baseUrl: baseUrlOf(apiUrl),
    sessionApiKey: client?.sessionApiKey,
    timeoutMs: toMilliseconds(readiness.lookTimeout),
    sharedDeadline: true,
    signal: cancellationSignal,
  });

  const notReady = (lastObservation: string, category?: ApplicationFailureCategory) => {
    seen = presentableText(lastObservation, input);
    const { maximumAttempts, interval } = readiness;
    const more = attempts < maximumAttempts ? `next in ${interval}` : 'the last';
    const waitedMs = info.currentAttemptScheduledTimestampMs - info.scheduledTimestampMs;
    return failure(
      'ConversationNotReady',
      `${goal.sid} is ${seen}; look ${attempts} of ${maximumAttempts}, ${more}`,
      { attempts, maximumAttempts, interval, waitedMs, lastObservation: seen },
      category && { category },
    );
  };

  return withinContract(input, () =>
    heartbeatDuring(
      (): LookHeartbeat => ({ evidence, seen }),
      async () => {
        try {
          evidence = await dialect.observe(server, goal, evidence);
        } catch (error) {
          throw isUnavailable(error) ? notReady(`not reachable: ${error.message}`) : error;
        }
        const observation = dialect.judge(evidence, goal);
        switch (observation.kind) {
          case 'ready':
            return { ready: true, attempts, status: observation.status };
          case 'incomplete':
            // There is no look left that could see what another create makes of it.
            if (attempts >= readiness.maximumAttempts) throw notReady(observation.seen);
            return { ready: false, attempts, seen: presentableText(observation.seen, input), evidence };
          case 'failed':
            throw failure('ConversationFailed', `${goal.sid} failed: ${observation.reason}`, {
              reason: observation.reason,
            });
          case 'pending':
            throw notReady(observation.seen, ApplicationFailureCategory.BENIGN);
        }
      },
    ),
  );
}

/** Whether another look may find the server in better shape. */
function isUnavailable(error: unknown): error is Error {
  return (
    error instanceof NoAnswerError || (error instanceof ApplicationFailure && error.type === 'NestedServerUnavailable')
  );
}
