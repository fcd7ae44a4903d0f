import { Client, Connection } from '@temporalio/client';
import type { TemporalConfig } from '../config/temporal.js';
import { whyUnreachable } from '../config/why-unreachable.js';

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
    throw new TemporalUnreachableError(await whyUnreachable(connectionOptions, error));
  }
}
