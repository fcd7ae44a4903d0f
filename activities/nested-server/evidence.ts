import type { Evidence } from '../interface.js';
import type { Dialect, Goal } from './dialect.js';
import { failure } from './failures.js';

/** Of the shape of the states. Raise it with every change that an older worker would misread. */
const version = 2;

/** What a worker waits before it tries again what another one has to do. */
const retryMs = 15_000;

/** A state as it travels in heartbeats, results and inputs of activities. */
export function evidenceOf(state: unknown): Evidence {
  return { version, state };
}

/**
 * The state in some evidence, which another version of the worker may have left.
 *
 * @throws ApplicationFailure of type NestedServerUnavailable (retried) where a newer one did: read with half an
 *   understanding, it could have the message sent again
 */
export function stateIn<State>(dialect: Dialect<State, string>, evidence: Evidence, goal: Goal): State {
  if (evidence.version === undefined) return dialect.upgrade(evidence, goal);
  if (evidence.version === version) return evidence.state as State;
  const message = `${goal.sid} was begun by a newer worker: this one understands evidence up to version ${version}, not ${evidence.version}. Run the newer one`;
  throw failure('NestedServerUnavailable', message, {}, { nextRetryDelay: retryMs });
}
