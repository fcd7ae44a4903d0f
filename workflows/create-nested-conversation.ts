import { CancellationScope, patched, proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities, CreatedConversation, Evidence } from '../activities/interface.js';
import { toMilliseconds } from '../contract/duration.js';
import type { CreateNestedConversationInput, CreateNestedConversationResult } from '../contract/input.js';
import { needsPreparation } from '../contract/needs-preparation.js';
import { explainFailure, isInvalidInput, lostTooOften } from './explain-failure.js';
import { createPolicy, maximumCreates, preparePolicy, readinessPolicy, stopPolicy } from './policies.js';

const { prepareWorkspace } = proxyActivities<Activities>(preparePolicy);
const { createConversation } = proxyActivities<Activities>(createPolicy);
const { stopConversation } = proxyActivities<Activities>(stopPolicy);

/**
 * Creates a conversation in an OpenHands server and confirms that it is ready, or fails with a reason.
 *
 * @param input From a client in any language. Unchecked until `createConversation` has checked it.
 * @throws ApplicationFailure of a type in `contract/failures.ts`. A cancelled run ends as cancelled.
 */
export async function createNestedConversation(
  input: CreateNestedConversationInput,
): Promise<CreateNestedConversationResult> {
  const startedAtMs = Date.now();
  let created: CreatedConversation | undefined;
  try {
    let evidence: Evidence | undefined;
    let attempts = 0;
    let creates = 0;
    // Usually runs once, and again when a look finds that the server has lost the conversation.
    for (;;) {
      // Before each create: if the server was lost, the workspace may be lost too.
      const isPrepared = needsPreparation(input) ? await prepare(input) : undefined;
      created = await createConversation({ input, evidence, isPrepared });
      if (!created.sentNothing) creates += 1;
      const { checkConversationReady } = proxyActivities<Activities>(readinessPolicy(created.readiness, attempts));
      const look = await checkConversationReady({
        ...created,
        server: input.server,
        apiUrl: input.apiUrl,
        client: input.client,
        // A worker of 0.1 does not return the secrets that a look must not repeat.
        ...(created.secrets === undefined && { settings: input.settings }),
        attemptsBefore: attempts,
      });
      if (look.ready) return { conversationId: created.goal.sid, status: look.status, attempts: look.attempts };
      if (creates >= maximumCreates) throw lostTooOften(created, look);
      ({ evidence, attempts } = look);
      // Without a pause, starts that evict each other from a server would create again and again.
      if (patched('wait-before-creating-again')) await sleep(toMilliseconds(created.readiness.interval));
    }
  } catch (error) {
    const failure = explainFailure(error, { created, waitedMs: Date.now() - startedAtMs });
    if (input?.onFailure === 'stop' && !isInvalidInput(failure)) await stop(input);
    throw failure;
  }
}

/**
 * Puts the repository into the workspace of an agent server. An openhands server does this itself.
 *
 * @returns Whether it was done. Runs from before this step existed skip it: such inputs were refused then.
 */
async function prepare(input: CreateNestedConversationInput): Promise<true | undefined> {
  if (!patched('prepare-workspace')) return undefined;
  await prepareWorkspace({ input });
  return true;
}

/** Errors from the cleanup are ignored: the caller sees the original failure. */
async function stop({ apiUrl, sid, userId, server, client }: CreateNestedConversationInput): Promise<void> {
  const input = { apiUrl, sid, userId, server, client };
  await CancellationScope.nonCancellable(() => stopConversation({ input })).catch(() => undefined);
}
