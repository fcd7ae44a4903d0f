import type { Client } from '@temporalio/client';

/**
 * A `Client` of `@temporalio/client`, of any version in the peer range. It is described by its members, since the
 * classes of two versions are different types.
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

/** The client as the type of the SDK version that this package was built with. */
export function sdkClient(client: TemporalClient): Client {
  return client as unknown as Client;
}
