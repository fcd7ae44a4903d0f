import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseDuration } from '../../contract/duration.js';
import { parseInput } from '../../contract/input.js';
import { looksLikeToken } from '../../contract/token-forms.js';
import { anyDuration, anyValidInput, complete, minimal } from './valid-input.js';

describe('parseInput, for any input,', () => {
  test('never throws, and names a problem for each input that it rejects', () => {
    const json = fc.jsonValue();
    const nearMiss = fc.record(
      Object.fromEntries(Object.entries(complete).map(([name, value]) => [name, fc.oneof(json, fc.constant(value))])),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(json, nearMiss), (input) => {
        const parsed = parseInput(input);
        assert.ok('conversation' in parsed || parsed.problems.length > 0);
      }),
    );
  });

  test('never throws for the settings of an agent server', () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('ada/engine', 'https://h/a/b', 'http://127.0.0.1', 'github', ''),
    );
    const part = fc.oneof(value, fc.dictionary(fc.constantFrom('github', 'token', 'host', 'working_dir'), value));
    const names = [
      'repository',
      'selectedBranch',
      'gitProvider',
      'providerTokens',
      'mcpConfig',
      'agentSettings',
      'workspace',
    ];
    const settings = fc.record(Object.fromEntries(names.map((name) => [name, part])), { requiredKeys: [] });
    const sid = '6f9d1c7a-7a5b-4d43-9a55-0c2f4f1f7a10';
    fc.assert(
      fc.property(settings, (given) => {
        parseInput({ ...minimal, sid, server: 'agent-server', settings: given });
      }),
      { numRuns: 500 },
    );
  });

  test('accepts its own result and leaves it unchanged', () => {
    fc.assert(
      fc.property(anyValidInput(), (input) => {
        const once = parseInput(input);
        assert.ok('conversation' in once, JSON.stringify(once));
        assert.deepEqual(parseInput(once.conversation), once);
      }),
    );
  });

  test('names a single unknown key at any level and nothing else', () => {
    const { replayJson: _, ...input } = complete;
    const levels = fc.constantFrom('', 'settings', 'initialUserMsg', 'client', 'readiness');
    fc.assert(
      fc.property(levels, fc.string({ maxLength: 30 }), (level, name) => {
        const key = `${name.replace(/\W/g, '?')}!`;
        fc.pre(!looksLikeToken(key));
        const spoilt =
          level === ''
            ? { ...input, [key]: 1 }
            : { ...input, [level]: { ...input[level as 'settings' | 'client'], [key]: 1 } };
        const parsed = parseInput(spoilt);
        const fields = 'problems' in parsed && parsed.problems.map(({ field }) => field);
        assert.deepEqual(fields, [level === '' ? key : `${level}.${key}`]);
      }),
    );
  });

  test('never repeats a value that may be secret', () => {
    const spoiltWith = (secret: string) => ({
      apiUrl: `ftp://ada:${secret}@h/?key=${secret}#${secret}`,
      sid: `../${secret}`,
      userId: [secret],
      settings: { mcpConfig: secret, token: secret, repository: { secret } },
      initialUserMsg: { content: '', key: secret },
      replayJson: secret,
      client: { sessionApiKey: `${secret}\n`, timeout: secret },
      readiness: { interval: secret, maximumAttempts: secret, readyWhen: secret },
      server: secret,
      onFailure: secret,
    });
    fc.assert(
      fc.property(fc.uuid(), fc.subarray(Object.keys(spoiltWith('')), { minLength: 1 }), (secret, names) => {
        const fields = Object.entries(spoiltWith(secret)).filter(([name]) => names.includes(name));
        const parsed = parseInput({ ...minimal, ...Object.fromEntries(fields) });
        assert.ok('problems' in parsed);
        assert.doesNotMatch(JSON.stringify(parsed.problems), new RegExp(secret));
      }),
    );
  });

  test('accepts every duration within the bounds as a whole number of milliseconds', () => {
    fc.assert(
      fc.property(anyDuration(1_000, 3_600_000), (interval) => {
        assert.ok('conversation' in parseInput({ ...minimal, readiness: { interval } }));
        assert.ok(Number.isInteger(parseDuration(interval)), `${interval} is ${parseDuration(interval)} ms`);
      }),
    );
  });
});
