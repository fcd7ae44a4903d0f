import type { Client } from '@temporalio/client';
import { type Command, Option } from 'commander';
import { connectClient } from '../client/connect.js';
import { NestedConversations } from '../client/nested-conversations.js';
import { loadTemporalConfig } from '../config/temporal.js';
import { loadTracingConfig } from '../config/tracing.js';
import { startTracing } from '../tracing/start-tracing.js';
import { tell } from './print.js';

/** How to reach Temporal. These options take precedence over the environment. */
export interface ConnectionOptions {
  readonly address?: string;
  readonly namespace?: string;
  readonly taskQueue?: string;
  readonly profile?: string;
}

export function addConnectionOptions(program: Command): Command {
  return program
    .addOption(new Option('--address <host:port>', 'address of Temporal (TEMPORAL_ADDRESS)'))
    .addOption(new Option('--namespace <name>', 'Temporal namespace (TEMPORAL_NAMESPACE)'))
    .addOption(new Option('--task-queue <name>', 'task queue of the workers (TEMPORAL_TASK_QUEUE)'))
    .addOption(new Option('--profile <name>', 'profile in the configuration of the temporal CLI (TEMPORAL_PROFILE)'));
}

/** The environment with the options added, since all settings are read from an environment. */
export function environmentOf({ address, namespace, taskQueue, profile }: ConnectionOptions): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...(address !== undefined && { TEMPORAL_ADDRESS: address }),
    ...(namespace !== undefined && { TEMPORAL_NAMESPACE: namespace }),
    ...(taskQueue !== undefined && { TEMPORAL_TASK_QUEUE: taskQueue }),
    ...(profile !== undefined && { TEMPORAL_PROFILE: profile }),
  };
}

export interface Connected {
  readonly client: Client;
  readonly conversations: NestedConversations;
}

/** Connects on demand, so that a command can check its arguments first. */
export class LazyConnection {
  #client: Client | undefined;
  #stopTracing: (() => Promise<void>) | undefined;

  constructor(private readonly env: NodeJS.ProcessEnv) {}

  async connect(): Promise<Connected> {
    const config = loadTemporalConfig(this.env);
    this.#stopTracing = await startTracing('nested-conversation', loadTracingConfig());
    this.#client = await connectClient(config);
    return { client: this.#client, conversations: new NestedConversations(this.#client, { ...config, onHint: tell }) };
  }

  async close(): Promise<void> {
    await this.#client?.connection.close();
    await this.#stopTracing?.();
  }
}
