import { Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { toMilliseconds } from '../contract/duration.js';
import type { ActivityDependencies } from './dependencies.js';
import { presentableText, withinContract } from './failure-boundary.js';
import { heartbeatDuring } from './heartbeats.js';
import type { CheckConversationReadyInput, ConversationLook, LookHeartbeat } from './interface.js';
import { connect } from './nested-server/connect.js';
import type { Dialect } from './nested-server/dialect.js';
import { withDialect } from './nested-server/dialects.js';
import { evidenceOf, stateIn } from './nested-server/evidence.js';
import { failure, isUnavailable } from './nested-server/failures.js';
import type { HttpClient } from './nested-server/http-client.js';
import { matchDigest } from './nested-server/message-match.js';
import { attemptsOf, notReadyYetFailure } from './not-ready-yet.js';

/**
 * Checks once whether the conversation is ready (a "look"). Its RetryPolicy is the readiness policy: Temporal waits
 * between two looks, and counts them. Nothing runs in between.
 *
 * Safe to retry: it only reads, and continues where the last look stopped.
 *
 * @throws ApplicationFailure of type NotReadyYet (retried: the retry is the next look), ConversationFailed,
 *   Unauthorized or ConversationRejected (final)
 */
export async function checkConversationReady(
  input: CheckConversationReadyInput,
  { transport }: ActivityDependencies,
): Promise<ConversationLook> {
  const { server: dialectName = 'openhands', readiness } = input;
  const http = connect(input, {
    transport,
    timeoutMs: toMilliseconds(readiness.lookTimeout),
    sharedDeadline: true,
    signal: Context.current().cancellationSignal,
  });
  return withinContract(input, async () => withDialect(dialectName, (dialect) => look(dialect, http, input)));
}

async function look<State, Step extends string>(
  dialect: Dialect<State, Step>,
  server: HttpClient,
  input: CheckConversationReadyInput,
): Promise<ConversationLook> {
  const { goal, readiness } = input;
  const attempts = attemptsOf(input);
  const desired = { ...goal, isOurMessage: matchDigest(goal.messageDigest) };
  const earlier: LookHeartbeat | undefined = Context.current().info.heartbeatDetails;
  let { evidence, seen } = earlier ?? { evidence: input.evidence, seen: 'nothing yet' };

  const notReady = (lastObservation: string, category?: ApplicationFailureCategory) => {
    seen = presentableText(lastObservation, input);
    return notReadyYetFailure(input, seen, category);
  };

  return heartbeatDuring(
    (): LookHeartbeat => ({ evidence, seen }),
    async () => {
      let state: State;
      try {
        state = await dialect.observe(server, desired, stateIn(dialect, evidence, goal));
      } catch (error) {
        throw isUnavailable(error) ? notReady(`not reachable: ${error.message}`) : error;
      }
      evidence = evidenceOf(state);
      const conclusion = dialect.conclude(state, desired);
      switch (conclusion.kind) {
        case 'ready':
          return { ready: true, attempts, status: conclusion.status };
        case 'fail':
          throw failure('ConversationFailed', `${goal.sid} failed: ${conclusion.reason}`, {
            reason: conclusion.reason,
          });
        case 'wait':
          throw notReady(conclusion.seen, ApplicationFailureCategory.BENIGN);
        case 'send':
        case 'compare':
          // No look is left to see the result of another create.
          if (attempts >= readiness.maximumAttempts) throw notReady(conclusion.seen);
          return { ready: false, attempts, seen: presentableText(conclusion.seen, input), evidence };
      }
    },
  );
}
