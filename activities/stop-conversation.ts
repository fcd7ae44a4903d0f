import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { RequestDetails } from '../contract/failures.js';
import { checkInput } from './check-input.js';
import type { ActivityDependencies } from './dependencies.js';
import { withinContract } from './failure-boundary.js';
import type { StopConversationInput } from './interface.js';
import { connect } from './nested-server/connect.js';
import { withDialect } from './nested-server/dialects.js';
import { failure } from './nested-server/failures.js';

/** An openhands server can take minutes to stop a conversation. The activity does not wait for that. */
const stopTimeoutMs = 10_000;

/**
 * Stops the conversation after a failure or a cancellation, if the input says `onFailure: 'stop'`.
 *
 * Safe to retry: stopping a stopped conversation changes nothing.
 *
 * @throws ApplicationFailure of type NestedServerUnavailable (retried), or as the server's answer requires
 */
export async function stopConversation(
  { input }: StopConversationInput,
  { transport }: ActivityDependencies,
): Promise<void> {
  const { cancellationSignal: signal } = Context.current();
  await withinContract(input, async () => {
    const conversation = checkInput(input);
    const http = connect(conversation, { transport, timeoutMs: stopTimeoutMs, signal });
    await withDialect(conversation.server, (dialect) => dialect.stop(http, conversation.sid)).catch(withoutItsWords);
  });
}

/** The server's words may repeat secrets that this activity's input does not contain, and so could not be masked. */
function withoutItsWords(error: unknown): never {
  if (!(error instanceof ApplicationFailure)) throw error;
  const [details] = (error.details ?? []) as [RequestDetails?];
  const { method, url, status } = details ?? {};
  const type = (error.type ?? 'NestedServerUnavailable') as 'NestedServerUnavailable';
  throw failure(type, `${method} ${url} answered ${status}`, {
    ...(method && { method }),
    ...(url && { url }),
    ...(status && { status }),
  });
}
