import type { NativeConnection, Worker } from '@temporalio/worker';
import { reasonOf } from '../../config/why-unreachable.js';

/** Shorter than the timeout of a probe. */
const answerTimeoutMs = 2_000;

/**
 * Why a worker takes no work: it is starting, it is draining, or Temporal does not answer. `undefined` if it takes
 * work.
 */
export async function whyNotReady(
  worker: Worker | undefined,
  connection: NativeConnection | undefined,
): Promise<string | undefined> {
  if (!worker || !connection) return 'starting';
  const { runState, workflowPollerState, activityPollerState } = worker.getStatus();
  if (runState !== 'RUNNING') return runState === 'INITIALIZED' ? 'starting' : runState.toLowerCase();
  if (workflowPollerState !== 'POLLING' || activityPollerState !== 'POLLING') return 'it has stopped polling';
  try {
    await askTemporal(connection);
    return undefined;
  } catch (error) {
    return `Temporal does not answer: ${reasonOf(error)}`;
  }
}

/** Resolves if Temporal answers in time, otherwise rejects. */
export async function askTemporal(connection: NativeConnection): Promise<void> {
  await connection.withDeadline(Date.now() + answerTimeoutMs, () => connection.workflowService.getSystemInfo({}));
}
