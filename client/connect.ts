import { Client, Connection } from '@temporalio/client';
import { oneLine } from '../config/config-error.js';
import type { TemporalConfig } from '../config/temporal.js';

/** Thrown when Temporal can't be reached. */
export class TemporalUnreachableError extends Error {
  override readonly name = 'TemporalUnreachableError';
}

/**
 * A Temporal client as the environment says.
 * @throws {@link TemporalUnreachableError}
 */
export async function connectClient(config: TemporalConfig): Promise<Client> {
  const { connectionOptions, namespace, dataConverter } = config;
  try {
    const connection = await Connection.connect(connectionOptions);
    return new Client({ connection, namespace, dataConverter });
  } catch (error) {
    const { address } = connectionOptions;
    throw new TemporalUnreachableError(`can't reach Temporal at ${address} (TEMPORAL_ADDRESS): ${oneLine(error)}`);
  }
}
