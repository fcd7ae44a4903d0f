import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { matchDigest, matchText, messageDigest } from '../../activities/nested-server/message-match.js';
import { cpuGrowth } from '../harness/cpu-growth.js';

const text = 'Log in with hunter2, then with hunter3, and go.';

describe('a stored message is recognized as ours by its text', () => {
  const ours = [
    text,
    'Log in with <secret_hidden>, then with <secret_hidden>, and go.',
    '<secret_hidden>, then with hunter3, and go.',
    'Log in with <secret_hidden>',
    '<secret_hidden>',
  ];
  const foreign = [
    'Log in with <secret_hidden>, then go.',
    'Log in with hunter2, then with hunter3, and go.<secret_hidden>',
    'Log in with <secret_hidden> hunter2, then with hunter3, and go.',
    '<secret_hidden>, and go. Log in <secret_hidden>',
    'Something else',
    '',
  ];
  for (const stored of ours) test(`${stored}: yes`, () => assert.equal(matchText(text)(stored), true));
  for (const stored of foreign) test(`${stored}: no`, () => assert.equal(matchText(text)(stored), false));

  test('in time linear in the length of both, for any content', () => {
    const matches = (size: number) => {
      const stored = `<secret_hidden>${'a'.repeat(300)}b${'a'.repeat(size / 2)}<secret_hidden>`;
      assert.equal(matchText('a'.repeat(size))(stored), false);
    };
    assert(cpuGrowth(matches, 100_000) < 50);
  });
});

test('a digest alone cannot match a message with a hidden secret', () => {
  const isOurs = matchDigest(messageDigest(text));
  assert.deepEqual([text, 'Something else', 'With <secret_hidden>'].map(isOurs), [true, false, undefined]);
});
