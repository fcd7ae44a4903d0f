import { NativeConnection, Worker } from '@temporalio/worker';
import { createActivities } from 'nested-conversations/activities';
import { ConversationNotReadyError, connectClient, NestedConversations } from 'nested-conversations/client';
import type { CreateNestedConversationInput } from 'nested-conversations/contract';
import { createWorker, loadWorkerConfig, workflowsPath } from 'nested-conversations/worker';
import type { createNestedConversation } from 'nested-conversations/workflows';
import { describeError } from './describe-error.js';

const [apiUrl = '', deadSid = ''] = process.argv.slice(2);
const config = loadWorkerConfig();
const connection = await NativeConnection.connect(config.connectionOptions);
const worker = await createWorker({ ...config, connection });
const activities = createActivities();
const ownWorker = await Worker.create({
  connection,
  namespace: config.namespace,
  taskQueue: 'own',
  workflowsPath,
  activities,
});

const client = await connectClient(config);
const conversations = new NestedConversations(client, config);
const inputFor = (sid: string): CreateNestedConversationInput => ({
  apiUrl,
  sid,
  userId: 'ada',
  readiness: { interval: '1 second', maximumAttempts: 2 },
});

const outcomes = async () => {
  const error: unknown = await conversations.ensureReady(inputFor(deadSid)).catch((error: unknown) => error);
  return {
    ready: await conversations.ensureReady(inputFor('packed')),
    readyOnOwnWorker: await client.workflow.execute<typeof createNestedConversation>('createNestedConversation', {
      workflowId: 'own',
      taskQueue: 'own',
      args: [inputFor('own')],
    }),
    isNotReadyError: error instanceof ConversationNotReadyError,
    described: describeError(error),
  };
};
console.log(JSON.stringify(await ownWorker.runUntil(worker.runUntil(outcomes))));
await client.connection.close();
await connection.close();
