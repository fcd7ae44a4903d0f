import { Context } from '@temporalio/activity';
import { toMilliseconds } from '../contract/duration.js';
import type { PreparingPhase } from '../contract/phases.js';
import { checkInput } from './check-input.js';
import type { ActivityDependencies } from './dependencies.js';
import { withinContract } from './failure-boundary.js';
import { heartbeatDuring } from './heartbeats.js';
import type { PrepareHeartbeat, PrepareWorkspaceInput } from './interface.js';
import { Workspace } from './nested-server/agent-server/workspace/workspace.js';
import { connect } from './nested-server/connect.js';
import { failure, isUnavailable } from './nested-server/failures.js';
import type { HttpClient } from './nested-server/http-client.js';

/** The sandbox waits five seconds for the job to end. The rest is for the request. */
const stopTimeoutMs = 10_000;

/**
 * How long the sandbox may be silent while a job runs, beside the time that one lost request takes. A script can run for
 * an hour, and its start must not fail because one request in some minutes is lost: there are only twelve attempts.
 */
const longestSilenceMs = 60_000;

/** The pause before a job that failed for a temporary reason is begun again. */
const retryPauseMs = 5_000;

/**
 * Puts the repository into the conversation's working directory and runs its setup script, before the conversation is
 * created.
 *
 * This is a reconciler like `createConversation`: it observes the sandbox, concludes what is due, begins at most one
 * job, and observes again. The jobs themselves survive a crash of the worker or the server.
 *
 * Safe to retry: a job is begun only if the last observation is still current. It is never begun beside a running one,
 * and never again after it has succeeded.
 *
 * @throws ApplicationFailure of type InvalidInput, ConversationRejected, Unauthorized, ConversationFailed (final), or
 *   NestedServerUnavailable (retried)
 */
export async function prepareWorkspace(
  { input }: PrepareWorkspaceInput,
  { transport }: ActivityDependencies,
): Promise<void> {
  const { info, cancellationSignal } = Context.current();
  await withinContract(input, async () => {
    const conversation = checkInput(input);
    const server = (signal: AbortSignal, timeoutMs: number) => connect(conversation, { transport, signal, timeoutMs });
    const workspace = new Workspace(conversation, info.workflowExecution?.runId ?? info.activityId);
    try {
      const timeoutMs = toMilliseconds(conversation.client.timeout);
      await reconcile(workspace, server(cancellationSignal, timeoutMs), timeoutMs + longestSilenceMs);
    } catch (error) {
      // When a worker shuts down, the job goes on, and the next worker finds it.
      if (Context.current().cancellationDetails?.cancelRequested) {
        await workspace.stop(server(new AbortController().signal, stopTimeoutMs)).catch(() => undefined);
      }
      throw error;
    }
  });
}

async function reconcile(workspace: Workspace, server: HttpClient, silenceMs: number): Promise<void> {
  const before: PrepareHeartbeat | undefined = Context.current().info.heartbeatDetails;
  let phase: PreparingPhase = before?.phase ?? 'preparing repository';
  await heartbeatDuring(
    (): PrepareHeartbeat => ({ phase }),
    async () => {
      await workspace.checkServer(server);
      let heardAt = Number.NEGATIVE_INFINITY;
      for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
        const conclusion = await workspace.observe(server).catch((error: unknown) => {
          if (isUnavailable(error) && performance.now() - heardAt < silenceMs) return { kind: 'silent' } as const;
          throw error;
        });
        if (conclusion.kind !== 'silent') heardAt = performance.now();
        switch (conclusion.kind) {
          case 'silent':
            await Context.current().sleep(pauseMs);
            break;
          case 'ready':
            return;
          case 'fail':
            throw failure('ConversationFailed', `${workspace.sid} can't be prepared: ${conclusion.reason}`, {
              reason: conclusion.reason,
            });
          case 'start':
            phase = conclusion.job.phase;
            if (conclusion.isAgain) await Context.current().sleep(retryPauseMs);
            await workspace.begin(conclusion, server);
            pauseMs = shortestPauseMs;
            break;
          case 'wait':
            phase = conclusion.job.phase;
            await Context.current().sleep(pauseMs);
        }
      }
    },
  );
}

/** The pause between two observations: a small repository takes a second, a setup script takes minutes. */
const shortestPauseMs = 200;
const longestPauseMs = 5_000;
