import type { NativeConnection, Worker } from '@temporalio/worker';
import { reasonOf } from '../../config/why-unreachable.js';

/** Shorter than a prober waits. */
const answerTimeoutMs = 2_000;

/** Why a worker does not take work: it starts, it drains, or Temporal does not answer. `undefined` where it does. */
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

/** Resolves when Temporal answers, and rejects when it does not in time. */
export async function askTemporal(connection: NativeConnection): Promise<void> {
  await connection.withDeadline(Date.now() + answerTimeoutMs, () => connection.workflowService.getSystemInfo({}));
}
