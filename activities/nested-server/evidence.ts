import type { Evidence } from '../interface.js';
import type { Dialect, Goal } from './dialect.js';
import { failure } from './failures.js';

/** The version of the states' shape. Raise it with every change that an older worker would misread. */
const version = 2;

/** How long to wait before a retry that another worker may have to make. */
const retryMs = 15_000;

/** Wraps a state for heartbeats, results and inputs of activities. */
export function evidenceOf(state: unknown): Evidence {
  return { version, state };
}

/**
 * The state in some evidence, which another version of the worker may have left.
 *
 * @throws ApplicationFailure of type NestedServerUnavailable (retried) if a newer version did: a worker that misreads
 *   it could send the message again
 */
export function stateIn<State>(dialect: Dialect<State, string>, evidence: Evidence, goal: Goal): State {
  if (evidence.version === undefined) return dialect.upgrade(evidence, goal);
  if (evidence.version === version) return evidence.state as State;
  const message = `${goal.sid} was started by a newer worker: this one understands evidence up to version ${version}, not ${evidence.version}. Run the newer version`;
  throw failure('NestedServerUnavailable', message, {}, { nextRetryDelay: retryMs });
}
