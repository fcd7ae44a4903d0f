import { once } from 'node:events';
import { connect } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { isLoopback, type TemporalConfig } from '../config/temporal.js';
import { whyUnreachable } from '../config/why-unreachable.js';
import { NestedConversationError } from '../contract/nested-conversation-error.js';
import { carryTrace } from './trace-start.js';

/** A socket that takes longer is not refused. */
const earlyMs = 1_000;

/** Thrown when Temporal can't be reached. */
export class TemporalUnreachableError extends NestedConversationError<{ readonly address: string }> {}

/**
 * A Temporal client as the environment says.
 * @throws {@link TemporalUnreachableError}
 */
export async function connectClient(config: TemporalConfig): Promise<Client> {
  const { connectionOptions, namespace, dataConverter } = config;
  try {
    await refuseEarly(connectionOptions.address);
    // Else a proxy of the environment would be asked for this machine, and could be another one.
    const channelArgs = isLoopback(connectionOptions.address) ? { 'grpc.enable_http_proxy': 0 } : {};
    const connection = await Connection.connect({ ...connectionOptions, channelArgs });
    return new Client({ connection, namespace, dataConverter, interceptors: { workflow: [carryTrace] } });
  } catch (error) {
    const { address } = connectionOptions;
    throw new TemporalUnreachableError(await whyUnreachable(connectionOptions, error), { address }, { cause: error });
  }
}

/** Where a proxy is set, it is the one that connects. */
const proxyVariables = ['grpc_proxy', 'https_proxy', 'http_proxy'];

/** gRPC tries for ten seconds what a socket finds out at once: that nobody listens there, or that there is no such host. */
async function refuseEarly(address: string): Promise<void> {
  if (!isLoopback(address) && proxyVariables.some((name) => process.env[name])) return;
  const { hostname, port } = new URL(`tcp://${address}`);
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(earlyMs) });
  } catch (error) {
    // All else is left to gRPC, which knows more ways to get there.
    if (['ECONNREFUSED', 'ENOTFOUND'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    socket.on('error', () => undefined).destroy();
  }
}
