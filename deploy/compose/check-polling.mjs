// The worker's health check: exits 0 when this container has lately asked Temporal for work, else 1 and says why.
import { hostname } from 'node:os';
import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';

// A poll waits at Temporal for up to a minute; a worker not heard of for two has stopped asking.
const longestSilenceMs = 120_000;
const workflowTasks = 1;

const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
const taskQueue = process.env.TEMPORAL_TASK_QUEUE;

try {
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5 seconds' });
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: workflowTasks,
  });
  await connection.close();
  const isPolling = pollers.some(
    ({ identity, lastAccessTime }) =>
      identity.endsWith(`@${hostname()}`) && Date.now() - Number(lastAccessTime.seconds) * 1000 < longestSilenceMs,
  );
  if (!isPolling) throw new Error(`no poll from ${hostname()} on task queue ${taskQueue} in the last two minutes`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
