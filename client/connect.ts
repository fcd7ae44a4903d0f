import { Client, Connection } from '@temporalio/client';
import { isLoopback, type TemporalConfig } from '../config/temporal.js';
import { whyUnreachable } from '../config/why-unreachable.js';
import { NestedConversationError } from '../contract/nested-conversation-error.js';
import { carryTrace } from './trace-start.js';

/** Thrown when Temporal can't be reached. */
export class TemporalUnreachableError extends NestedConversationError<{ readonly address: string }> {}

/**
 * A Temporal client as the environment says.
 * @throws {@link TemporalUnreachableError}
 */
export async function connectClient(config: TemporalConfig): Promise<Client> {
  const { connectionOptions, namespace, dataConverter } = config;
  try {
    // Else a proxy of the environment would be asked for this machine, and could be another one.
    const channelArgs = isLoopback(connectionOptions.address) ? { 'grpc.enable_http_proxy': 0 } : {};
    const connection = await Connection.connect({ ...connectionOptions, channelArgs });
    return new Client({ connection, namespace, dataConverter, interceptors: { workflow: [carryTrace] } });
  } catch (error) {
    const { address } = connectionOptions;
    throw new TemporalUnreachableError(await whyUnreachable(connectionOptions, error), { address }, { cause: error });
  }
}
