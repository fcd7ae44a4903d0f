import type { RunPhase } from './conversation-status.js';

/** The text shown for a phase. */
export const phases: Record<RunPhase, string> = {
  queued: 'waiting for a worker',
  'preparing repository': 'preparing the repository',
  'running setup script': 'running the setup script of the repository',
  creating: 'creating the conversation',
  checking: 'checking that it is ready',
  stopping: 'stopping the conversation',
  ready: 'ready',
  failed: 'failed',
  cancelled: 'cancelled',
  terminated: 'terminated',
  'timed-out': 'timed out',
};

/** The number of readiness checks, e.g. `2 looks`. */
export function describeLooks(attempts: number): string {
  return attempts === 1 ? '1 look' : `${attempts} looks`;
}
