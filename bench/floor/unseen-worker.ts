import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type NativeConnection, Worker } from '@temporalio/worker';
import axios from 'axios';
import { checkConversationReady } from '../../activities/check-conversation-ready.js';
import { createConversation } from '../../activities/create-conversation.js';
import type { Activities } from '../../activities/interface.js';
import type { Transport } from '../../activities/nested-server/transport.js';
import { tuning } from '../../config/worker-defaults.js';
import { webpackConfigHook } from '../../worker/workflow-bundle.js';

const client = axios.create({
  httpAgent: new http.Agent({ keepAlive: true }),
  validateStatus: () => true,
  responseType: 'text',
  transformResponse: (text) => text,
});

const transport: Transport = (request) => client.request<string>(request);

const activities: Omit<Activities, 'prepareWorkspace' | 'stopConversation'> = {
  createConversation: (input) => createConversation(input, { transport }),
  checkConversationReady: (input) => checkConversationReady(input, { transport }),
};

/**
 * This project's workflow and activities without observability and egress rules: no request metrics, no traces, no log
 * attributes, no phases and details, no limits on where to send.
 */
export async function createUnseenWorker(options: {
  connection: NativeConnection;
  namespace: string;
  taskQueue: string;
}): Promise<Worker> {
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/index.js', import.meta.url)),
    logger: new DefaultLogger('WARN'),
    webpackConfigHook,
  });
  return Worker.create({ ...tuning, ...options, workflowBundle, activities });
}
