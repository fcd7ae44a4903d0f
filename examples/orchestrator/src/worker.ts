import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { connectClient, NestedConversations } from 'nested-conversations/client';
import { createEnsureReadyActivities } from 'nested-conversations/ensure-ready-activity';
import { embeddedWorkerOptions, loadWorkerConfig } from 'nested-conversations/worker';
import { createWorkspaceActivities } from './activities.js';
import { taskQueue } from './task-queue.js';

// TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, PAYLOAD_ENCRYPTION_KEYS, NESTED_SERVER_ALLOW, …
const config = { ...loadWorkerConfig(), taskQueue };
const connection = await NativeConnection.connect(config.connectionOptions);
const client = await connectClient(config);
const conversations = new NestedConversations(client, config);
const embedded = embeddedWorkerOptions(config);

const worker = await Worker.create({
  ...embedded,
  connection,
  namespace: config.namespace,
  taskQueue,
  workflowsPath: fileURLToPath(new URL('./workflows.js', import.meta.url)),
  activities: {
    ...embedded.activities,
    ...createEnsureReadyActivities(conversations),
    ...createWorkspaceActivities({
      // Stand-ins: one nested server for everybody, and the same settings.
      runtimes: {
        provision: async () => process.env.NESTED_SERVER_URL ?? 'http://localhost:3000',
        release: async (id) => console.log(`released ${id}`),
      },
      secretsOf: async () => ({
        llm: { model: process.env.LLM_MODEL ?? 'openai/gpt-4o', apiKey: process.env.LLM_API_KEY ?? 'sk-unused' },
      }),
    }),
  },
  // A readiness check takes up to a minute: none is lost when the worker is stopped.
  shutdownGraceTime: '70 seconds',
});

console.log(`worker on task queue ${taskQueue}`);
await worker.run();
await connection.close();
await client.connection.close();
