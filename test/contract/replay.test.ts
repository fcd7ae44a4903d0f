import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { replayedMessage, replayProblem } from '../../contract/replay.js';

const message = { source: 'user', action: 'message', args: { content: 'hi' } };
const answer = { source: 'agent', action: 'message', args: { content: 'A', wait_for_response: true } };
const system = { source: 'agent', action: 'system', args: { content: 'You are OpenHands agent' } };
const loading = { source: 'environment', observation: 'agent_state_changed', extras: { agent_state: 'loading' } };
const nullObservation = { source: 'user', observation: 'null', content: '' };

const noEvent = /^has neither an action nor an observation at index 1: pass the recorded trajectory$/;
const noEvents = /^is not a JSON array of events: pass the recorded trajectory$/;
const nothingToResume = /^has no event of a user or an agent: there is nothing to resume from$/;
const noMessageFirst = /^must begin with a message: drop what comes before the first event with action 'message'/;

/** A real server answers each of these with 200, but its agent never leaves `loading`. */
const refused: [what: string, replay: unknown, problem: RegExp][] = [
  ['text that is not JSON', 'not json', noEvents],
  ['empty text', '', noEvents],
  ['a truncated array', '[{"source":"user"', noEvents],
  ['an object', {}, noEvents],
  ['null', null, noEvents],
  ['an array of strings', ['hi'], noEvents],
  ['an array with null', [message, null], noEvents],
  ['an event that is neither action nor observation', [message, { source: 'agent' }], noEvent],
  [
    'an event whose action is null',
    [message, { action: null, observation: 'run' }],
    /^has an event of no kind at index 1/,
  ],
  ['an event whose observation is a number', [message, { observation: 7 }], /^has an event of no kind at index 1/],
  ['an event of nobody', [message, { ...answer, source: null }], /^has an event of an unknown source at index 1/],
  ['an event of a stranger', [message, { ...answer, source: 'tool' }], /^has an event of an unknown source at index 1/],
  ['an empty array', [], nothingToResume],
  ["only the environment's events", [loading, loading], nothingToResume],
  ["the server's own export, with its system event", [loading, system, message, answer], noMessageFirst],
  ['an observation first', [{ source: 'user', observation: 'run', content: '' }, message], noMessageFirst],
  ['an empty observation first', [nullObservation, message], noMessageFirst],
  ['a message without text', [{ ...message, args: {} }], noMessageFirst],
  ['a message without arguments', [{ source: 'user', action: 'message' }], noMessageFirst],
];

const accepted: [what: string, replay: unknown][] = [
  ['a message and its answer', [message, answer]],
  ['a single message', [message]],
  ['an event without a source', [message, { action: 'think', args: { thought: '' } }]],
  ["the environment's events before the message", [loading, message, answer]],
];

describe('replayProblem', () => {
  for (const [what, replay, problem] of refused) {
    test(`rejects ${what}`, () => assert.match(replayProblem(textOf(replay)) ?? 'no problem', problem));
  }

  for (const [what, replay] of accepted) {
    test(`accepts ${what} and finds the message`, () => {
      assert.equal(replayProblem(textOf(replay)), undefined);
      assert.equal(replayedMessage(textOf(replay)), 'hi');
    });
  }

  test('never throws for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.array(fc.jsonValue()).map(textOf)), (text) => {
        assert.equal(typeof replayedMessage(text), 'string');
        assert.match(replayProblem(text) ?? 'is a replay', /^(is|has|must) /);
      }),
    );
  });

  test('accepts any message text and any number of events around it', () => {
    const before = fc.array(fc.constant(loading));
    const after = fc.array(fc.constantFrom(loading, nullObservation, answer));
    fc.assert(
      fc.property(fc.string(), before, after, (content, before, after) => {
        const text = textOf([...before, { ...message, args: { content } }, ...after]);
        assert.equal(replayProblem(text), undefined);
        assert.equal(replayedMessage(text), content);
      }),
    );
  });
});

function textOf(replay: unknown): string {
  return typeof replay === 'string' ? replay : JSON.stringify(replay);
}
