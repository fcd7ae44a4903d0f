import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Conclusion, DesiredConversation, Goal } from '../../activities/nested-server/dialect.js';
import { matchText, messageDigest } from '../../activities/nested-server/message-match.js';

/** A fact about a conversation, or a request: a function from state to state. */
export type Fact<State> = (state: State, desired: DesiredConversation) => State;

/** The facts, in order, and the conclusion: `ready: STATUS`, `send STEP`, `fail: REASON` or `wait: WHAT IS SEEN`. */
export type DialectRow<State> = [
  what: string,
  facts: readonly Fact<State>[],
  conclusion: string,
  desired?: DesiredConversation,
];

export interface DialectUnderTest<State> {
  readonly begin: (desired: DesiredConversation) => State;
  readonly conclude: (state: State, desired: DesiredConversation) => Conclusion<string>;
}

/** Tests what a dialect concludes from a sequence of facts, with one test per row. */
export function testConclusions<State>(
  { begin, conclude }: DialectUnderTest<State>,
  wanted: DesiredConversation,
  table: readonly DialectRow<State>[],
): void {
  for (const [what, facts, conclusion, desired = wanted] of table) {
    test(`${what} → ${conclusion}`, () => {
      // The state travels as JSON, so a conclusion must not depend on what JSON can't carry.
      const known = facts.reduce((state, fact) => JSON.parse(JSON.stringify(fact(state, desired))), begin(desired));
      assert.equal(inWords(conclude(known, desired)), conclusion);
    });
  }
}

function inWords(conclusion: Conclusion<string>): string {
  switch (conclusion.kind) {
    case 'ready':
      return `ready: ${conclusion.status}`;
    case 'fail':
      return `fail: ${conclusion.reason}`;
    case 'send':
      return `send ${conclusion.step}`;
    case 'wait':
    case 'compare':
      return `${conclusion.kind}: ${conclusion.seen}`;
  }
}

/** A conversation to start with this message, or without one. */
export function desiredConversation(text: string | undefined, goal: Partial<Goal> = {}): DesiredConversation {
  return {
    sid: '7d1b0a3e-0000-4000-8000-000000000000',
    ...(text !== undefined && { messageDigest: messageDigest(text) }),
    isReplay: false,
    readyWhen: 'agent-started',
    isOurMessage: matchText(text),
    ...goal,
  };
}
