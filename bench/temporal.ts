import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { registerSearchAttributes } from '../client/search-attributes.js';
import { msToTs } from '../codec/sdk-internals.js';
import { searchAttributes } from '../contract/names.js';
import { freePort } from '../dev-stack/free-port.js';
import { findTemporalCli } from '../dev-stack/temporal-binaries.js';

/** The Temporal server of the measurement. */
export interface Temporal {
  readonly address: string;
  readonly namespace: string;
  readonly client: Client;
  /** The port of its metrics. Absent for a server that we have not started. */
  readonly metricsPort?: number;
  stop(): Promise<void>;
}

export async function startDevServer(): Promise<Temporal> {
  const metricsPort = await freePort();
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await findTemporalCli(console.error) },
      log: { format: 'pretty', level: 'never' },
      extraArgs: [
        ...['--output', 'none', '--metrics-port', String(metricsPort)],
        ...Object.values(searchAttributes).flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
        // By default, a dev server reads search attributes from its database on every use. Other servers do not.
        ...['--dynamic-config-value', 'system.forceSearchAttributesCacheRefreshOnRead=false'],
      ],
    },
  });
  const { address, client } = env;
  return { address, namespace: 'default', client, metricsPort, stop: () => env.teardown() };
}

/** Connects to an existing server and creates a namespace there. Leftover runs are deleted with the namespace. */
export async function useServer(address: string): Promise<Temporal> {
  const connection = await Connection.connect({ address });
  const namespace = `bench-${randomUUID()}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  const client = new Client({ connection, namespace });
  await registerSearchAttributes(client);
  return {
    address,
    namespace,
    client,
    async stop() {
      await connection.operatorService.deleteNamespace({ namespace });
      await connection.close();
    },
  };
}
