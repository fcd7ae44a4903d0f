import { Client, Connection } from '@temporalio/client';
import { ConfigError, oneLine } from '../config/config-error.js';
import type { TemporalConfig } from '../config/temporal.js';

/**
 * A Temporal client as the environment says.
 * @throws {@link ConfigError} where Temporal can't be reached
 */
export async function connectClient({ connectionOptions, namespace }: TemporalConfig): Promise<Client> {
  try {
    const connection = await Connection.connect(connectionOptions);
    return new Client({ connection, namespace });
  } catch (error) {
    throw new ConfigError(`can't reach Temporal at ${connectionOptions.address} (TEMPORAL_ADDRESS): ${oneLine(error)}`);
  }
}
