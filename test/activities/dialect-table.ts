import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialect, Goal, Observation, Step } from '../../activities/nested-server/dialect.js';

/** What is known, what is done about it, and what a look makes of it (its kind and words). */
export type DialectRow<Evidence> = [what: string, evidence: Evidence, step: Step, observation: string, goal?: Goal];

/** Tests what a dialect concludes, a test for each row; `goal` is that of the rows that bring none. */
export function testConclusions<Evidence>(
  dialect: Dialect<Evidence>,
  goal: Goal,
  table: readonly DialectRow<Evidence>[],
): void {
  for (const [what, evidence, step, observation, of = goal] of table) {
    const next = typeof step === 'object' ? 'fail' : step;
    test(`${what} → ${next}, ${observation}`, () => {
      assert.deepEqual(dialect.decide(evidence, of), step);
      assert.equal(inWords(dialect.judge(evidence, of)), observation);
    });
  }
}

function inWords(observation: Observation): string {
  switch (observation.kind) {
    case 'ready':
      return `ready: ${observation.status}`;
    case 'failed':
      return `failed: ${observation.reason}`;
    default:
      return `${observation.kind}: ${observation.seen}`;
  }
}
