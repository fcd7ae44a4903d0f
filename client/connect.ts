import { once } from 'node:events';
import { connect } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { isLoopback, type TemporalConfig } from '../config/temporal.js';
import { whyUnreachable } from '../config/why-unreachable.js';
import { NestedConversationError } from '../contract/nested-conversation-error.js';
import { carryTrace } from './trace-start.js';

/** If a connection takes longer than this, it was not refused. */
const earlyMs = 1_000;

/** Thrown when Temporal can't be reached. */
export class TemporalUnreachableError extends NestedConversationError<{ readonly address: string }> {}

/** A Temporal client with the given configuration. */
export async function connectClient(config: TemporalConfig): Promise<Client> {
  const { connectionOptions, namespace, dataConverter } = config;
  try {
    await refuseEarly(connectionOptions.address);
    // Without this, gRPC would use the environment's proxy even for this machine, and might reach another one.
    const channelArgs = isLoopback(connectionOptions.address) ? { 'grpc.enable_http_proxy': 0 } : {};
    const connection = await Connection.connect({ ...connectionOptions, channelArgs });
    return new Client({ connection, namespace, dataConverter, interceptors: { workflow: [carryTrace] } });
  } catch (error) {
    const { address } = connectionOptions;
    throw new TemporalUnreachableError(await whyUnreachable(connectionOptions, error), { address }, { cause: error });
  }
}

/** If a proxy is set, it makes the connection. */
const proxyVariables = ['grpc_proxy', 'https_proxy', 'http_proxy'];

/**
 * gRPC tries for ten seconds before it reports that nothing listens at the address or that the host does not exist. A
 * socket reports it at once.
 */
async function refuseEarly(address: string): Promise<void> {
  if (!isLoopback(address) && proxyVariables.some((name) => process.env[name])) return;
  const { hostname, port } = new URL(`tcp://${address}`);
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(earlyMs) });
  } catch (error) {
    // Other errors are ignored here: gRPC may still find a way to connect.
    if (['ECONNREFUSED', 'ENOTFOUND'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    socket.on('error', () => undefined).destroy();
  }
}
