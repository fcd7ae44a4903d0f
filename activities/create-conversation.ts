import { Context } from '@temporalio/activity';
import { toMilliseconds } from '../contract/duration.js';
import type { Conversation } from '../contract/input.js';
import { needsPreparation } from '../contract/needs-preparation.js';
import { replayedMessage } from '../contract/replay.js';
import { checkInput, invalidInput } from './check-input.js';
import type { ActivityDependencies } from './dependencies.js';
import { withinContract } from './failure-boundary.js';
import { checkpoint, heartbeatDuring } from './heartbeats.js';
import type { CreateConversationInput, CreatedConversation, CreateHeartbeat, Evidence } from './interface.js';
import { countCreated } from './metrics.js';
import { connect } from './nested-server/connect.js';
import type { DesiredConversation, Dialect, Goal } from './nested-server/dialect.js';
import { withDialect } from './nested-server/dialects.js';
import { evidenceOf, stateIn } from './nested-server/evidence.js';
import { failure, TurnedAwayError } from './nested-server/failures.js';
import type { HttpClient } from './nested-server/http-client.js';
import { matchText, messageDigest } from './nested-server/message-match.js';
import { redeemReplay } from './redeem-replay.js';
import { secretTextsOf } from './secret-texts.js';

/** Fetching the replay and the baseline's reads must fit into the heartbeat timeout of 30 s: see `heartbeatDuring`. */
const readTimeoutMs = 6_000;

/**
 * Creates the conversation in the nested server, or continues with one that already exists.
 *
 * This is a reconciler: it observes, concludes which request is due, sends at most one, and observes again. Every
 * attempt runs the same code.
 *
 * Safe to retry: before each request, the known state and the intended step are checkpointed and acknowledged by
 * Temporal. The next attempt sees what earlier requests did and sends only what is missing. An attempt that Temporal
 * has given up on can't checkpoint, so it can't send.
 *
 * @throws ApplicationFailure of type InvalidInput, ConversationRejected, Unauthorized, ConversationFailed (final), or
 *   NestedServerUnavailable (retried)
 */
export async function createConversation(
  { input, evidence, isPrepared }: CreateConversationInput,
  { transport, claimCheck }: ActivityDependencies,
): Promise<CreatedConversation> {
  return withinContract(input, async (keepSecret) => {
    const conversation = checkInput(await redeemReplay(input, claimCheck, keepSecret));
    const { server, readiness } = conversation;
    if (!isPrepared && needsPreparation(conversation)) throw invalidInput([notPrepared]);
    const heartbeat: CreateHeartbeat | undefined = Context.current().info.heartbeatDetails;
    const http = connect(conversation, {
      transport,
      timeoutMs: toMilliseconds(conversation.client.timeout),
      readTimeoutMs,
      signal: Context.current().cancellationSignal,
    });
    const known = await withDialect(server, (dialect) => reconcile(dialect, http, conversation, heartbeat ?? evidence));
    countCreated(server);
    return { ...known, goal: goalOf(conversation), readiness, secrets: secretTextsOf(conversation) };
  });
}

const notPrepared = {
  field: 'settings.repository',
  problem: 'is not in the workspace, because an older worker started this run and could not put it there: start again',
};

async function reconcile<State, Step extends string>(
  dialect: Dialect<State, Step>,
  server: HttpClient,
  conversation: Conversation,
  earlier: Evidence | undefined,
): Promise<Pick<CreatedConversation, 'evidence' | 'sentNothing'>> {
  const desired = desiredOf(conversation);
  let state = earlier && stateIn(dialect, earlier, desired);
  return heartbeatDuring(
    () => state && evidenceOf(state),
    async () => {
      let known = state ? await dialect.observe(server, desired, state) : await dialect.baseline(server, desired);
      const sent = new Set<Step>();
      for (;;) {
        state = known;
        const conclusion = dialect.conclude(known, desired);
        if (conclusion.kind === 'fail') {
          const { reason } = conclusion;
          throw failure('ConversationFailed', `${desired.sid} can't be started: ${reason}`, { reason });
        }
        // A step that was answered is not repeated here. The readiness checks see its result.
        if (conclusion.kind !== 'send' || sent.has(conclusion.step)) {
          return { evidence: evidenceOf(known), ...(sent.size === 0 && { sentNothing: true }) };
        }
        const { step } = conclusion;
        sent.add(step);
        state = dialect.intend(step, known);
        await checkpoint(evidenceOf(state));
        try {
          state = await dialect.send(step, server, conversation, state);
        } catch (error) {
          if (!(error instanceof TurnedAwayError)) throw error;
          state = known;
          throw error.failure;
        }
        known = await dialect.observe(server, desired, state);
      }
    },
  );
}

function desiredOf(conversation: Conversation): DesiredConversation {
  return { ...goalOf(conversation), isOurMessage: matchText(firstMessageOf(conversation)) };
}

function goalOf(conversation: Conversation): Goal {
  const { sid, initialUserMsg, replayJson, readiness } = conversation;
  const firstMessage = firstMessageOf(conversation);
  return {
    sid,
    ...(firstMessage !== undefined && { messageDigest: messageDigest(firstMessage) }),
    ...(initialUserMsg?.imageUrls?.length && { hasImages: true }),
    isReplay: replayJson !== null,
    readyWhen: readiness.readyWhen,
  };
}

function firstMessageOf({ initialUserMsg, replayJson }: Conversation): string | undefined {
  return replayJson === null ? initialUserMsg?.content : replayedMessage(replayJson);
}
