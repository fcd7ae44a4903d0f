import type { Client } from '@temporalio/client';

/**
 * A `Client` of `@temporalio/client`, of any version of the peer range: described by what it has, since the classes of two
 * versions are different types.
 */
export interface TemporalClient {
  readonly connection: object;
  readonly options: { readonly namespace: string; readonly loadedDataConverter: object };
  readonly workflow: {
    start(workflowType: string, options: never): Promise<unknown>;
    getHandle(workflowId: string): object;
  };
  readonly workflowService: object;
}

/** The same as the SDK that this package was built with calls it. */
export function sdkClient(client: TemporalClient): Client {
  return client as unknown as Client;
}
