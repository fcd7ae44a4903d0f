import { Context } from '@temporalio/activity';
import { toMilliseconds } from '../contract/duration.js';
import type { Conversation } from '../contract/input.js';
import { replayedMessage } from '../contract/replay.js';
import { checkInput } from './check-input.js';
import type { ActivityDependencies } from './dependencies.js';
import { withinContract } from './failure-boundary.js';
import { heartbeatDuring, writeDown } from './heartbeats.js';
import type { CreateConversationInput, CreatedConversation, Evidence } from './interface.js';
import { countCreated } from './metrics.js';
import type { Goal, Step } from './nested-server/dialect.js';
import { dialectOf } from './nested-server/dialects.js';
import { failure } from './nested-server/failures.js';
import { HttpClient } from './nested-server/http-client.js';
import { messageDigest } from './nested-server/message-digest.js';
import type { Transport } from './nested-server/transport.js';
import { redeemReplay } from './redeem-replay.js';

/**
 * Creates the conversation in the nested server, or brings one that is there already to where this start wants it.
 *
 * A reconciler: it observes, decides what is due, sends at most one request, and observes again. The first attempt and
 * the fifth run the same code.
 *
 * Safe to retry: what was there before the first request is written down, and acknowledged by Temporal, before that
 * request is sent. Whatever became of an earlier attempt's requests, the next attempt sees it and sends only what is
 * missing; an attempt that Temporal has given up on can't write down, and so can't send.
 *
 * @throws ApplicationFailure of type InvalidInput, ConversationRejected, Unauthorized, ConversationFailed (final), or
 *   NestedServerUnavailable (retried)
 */
export async function createConversation(
  { input, evidence }: CreateConversationInput,
  { transport, claimCheck }: ActivityDependencies,
): Promise<CreatedConversation> {
  return withinContract(input, async () => {
    const conversation = checkInput(await redeemReplay(input, claimCheck));
    const earlier = Context.current().info.heartbeatDetails ?? evidence;
    const known = await reconcile(conversation, connect(conversation, transport), earlier);
    countCreated(conversation.server);
    return { goal: goalOf(conversation), readiness: conversation.readiness, evidence: known };
  });
}

/** Requests an attempt: create, wake and nudge, and as many once more; a server that takes more is left alone a while. */
const maximumSteps = 6;

async function reconcile(
  conversation: Conversation,
  server: HttpClient,
  earlier: Evidence | undefined,
): Promise<Evidence> {
  const dialect = dialectOf(conversation.server);
  const goal = goalOf(conversation);
  let known = earlier;
  return heartbeatDuring(
    () => known,
    async () => {
      known = known ? await dialect.observe(server, goal, known) : await dialect.survey(server, goal);
      for (let steps = 0, last: Step = 'done'; ; steps++) {
        const step = dialect.decide(known, goal);
        // A request that was answered and changed nothing was taken: what comes of it is for the looks to see.
        if (step === 'done' || step === last) return known;
        if (typeof step === 'object') {
          throw failure('ConversationFailed', `${goal.sid} can't be started: ${step.fail}`, { reason: step.fail });
        }
        if (steps === maximumSteps) {
          const message = `${goal.sid} does not settle: after ${steps} requests it still needs '${step}'`;
          throw failure('NestedServerUnavailable', message, {});
        }
        await writeDown(known);
        known = await dialect.perform(step, server, conversation, known);
        known = await dialect.observe(server, goal, known);
        last = step;
      }
    },
  );
}

/** Two reads, the survey, have to fit into the heartbeat timeout of 30 s: see `heartbeatDuring`. */
const readTimeoutMs = 10_000;

function connect({ apiUrl, client }: Conversation, transport: Transport): HttpClient {
  return new HttpClient({
    transport,
    baseUrl: apiUrl,
    sessionApiKey: client.sessionApiKey,
    timeoutMs: toMilliseconds(client.timeout),
    readTimeoutMs,
    signal: Context.current().cancellationSignal,
  });
}

function goalOf({ sid, initialUserMsg, replayJson, readiness }: Conversation): Goal {
  const firstMessage = replayJson === null ? initialUserMsg?.content : replayedMessage(replayJson);
  return {
    sid,
    ...(firstMessage !== undefined && { messageDigest: messageDigest(firstMessage) }),
    isReplay: replayJson !== null,
    readyWhen: readiness.readyWhen,
  };
}
