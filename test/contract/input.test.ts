import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { describeProblems } from '../../contract/describe-problems.js';
import type { InputProblem } from '../../contract/failures.js';
import { type Conversation, parseInput } from '../../contract/input.js';
import { limits } from '../../contract/limits.js';
import { complete, minimal } from './valid-input.js';

const uuid = '5f0c9a34-7a51-4b7e-9d1a-2f6f0f3f7c11';
const agentServer = { server: 'agent-server', sid: uuid };

const replayJson = JSON.stringify([
  { source: 'user', action: 'message', args: { content: 'hi' } },
  { source: 'agent', action: 'message', args: { content: 'A', wait_for_response: true } },
]);

const badSid = "sid must not contain '..', '/' or '\\'";
const isMissing = 'is missing: pass a string';
const isUnknown = 'is unknown: remove it';
const badKey = 'client.sessionApiKey must be printable ASCII without spaces: it is an HTTP header';
const noCredentials = 'apiUrl contains credentials: pass the key as client.sessionApiKey';
const noQuery = 'apiUrl must not have a query or a fragment: remove them';
const emptyMessage = 'initialUserMsg.content is empty: to start without a message, leave initialUserMsg null';
const notBoth = "replayJson can't be combined with initialUserMsg: a replay begins with its own message";
const noReplay = "replayJson is not supported by server 'agent-server': it resumes a conversation by its id";
const noDuration = "must be a duration string: write it like '1 second'";
const noMessageFirst =
  "replayJson must begin with a message: drop what comes before the first event with action 'message', such as the 'system' event of an export";

/** Fields that make an input invalid, and all that the caller is told. */
const refused: [fields: object, problems: string][] = [
  [{ apiUrl: undefined }, `apiUrl ${isMissing}`],
  [{ sid: undefined }, `sid ${isMissing}`],
  [{ userId: undefined }, `userId ${isMissing}`],
  [{ initialUserMsg: {} }, `initialUserMsg.content ${isMissing}`],

  [{ apiURL: 'http://h' }, `apiURL ${isUnknown}`],
  [{ settings: { branch: 'x' } }, "settings.branch is not a setting of server 'openhands': remove it"],
  [{ initialUserMsg: { content: 'a', images: [] } }, `initialUserMsg.images ${isUnknown}`],
  [{ [`x${' long'.repeat(100)}`]: 1 }, `x${' long'.repeat(7)} lon… ${isUnknown}`],
  [{ 'sk-live-Hf83kfAA91': 1 }, `*** ${isUnknown}`],
  [{ settings: { Zm9vYmFyMTIzNDU2Nzg5MDEyMzQ1: 1 } }, "settings.*** is not a setting of server 'openhands': remove it"],
  [{ 'a\u001b[31m\u202eb': 1 }, `a\ufffd[31m\ufffdb ${isUnknown}`],
  [{ client: { retries: 3 } }, `client.retries ${isUnknown}`],
  [{ readiness: { retries: 3 } }, `readiness.retries ${isUnknown}`],

  [{ sid: 7 }, 'sid must be a string'],
  [{ sid: null }, 'sid must be a string'],
  [{ settings: null }, 'settings must be an object'],
  [{ settings: { mcpConfig: [] } }, 'settings.mcpConfig must be an object'],
  [{ settings: { repository: 1 } }, 'settings.repository must be a string'],
  [{ initialUserMsg: 'hi' }, 'initialUserMsg must be an object'],
  [{ initialUserMsg: { content: '', imageUrls: 'u' } }, 'initialUserMsg.imageUrls must be an array'],
  [{ initialUserMsg: { content: 'a', imageUrls: ['u', null] } }, 'initialUserMsg.imageUrls.1 must be a string'],
  [{ client: [] }, 'client must be an object'],
  [{ client: { timeout: 60 } }, "client.timeout must be a duration string: write it like '100 milliseconds'"],
  [{ readiness: 'now' }, 'readiness must be an object'],
  [{ readiness: { readyWhen: 'soon' } }, "readiness.readyWhen must be one of 'agent-started', 'accepting-events'"],
  [{ server: 'devin' }, "server must be one of 'openhands', 'agent-server'"],
  [{ onFailure: 'delete' }, "onFailure must be one of 'keep', 'stop'"],

  [{ sid: '' }, 'sid is empty'],
  [{ sid: 'x'.repeat(101) }, 'sid is longer than 100 characters'],
  [{ sid: 'a..b' }, badSid],
  [{ sid: '.' }, badSid],
  [{ sid: '../x' }, badSid],
  [{ sid: 'a/b' }, badSid],
  [{ sid: 'a\\b' }, badSid],
  [{ sid: 'a\nb' }, 'sid contains a control character'],
  [{ userId: 'a\u0000b' }, 'userId contains a control character'],
  [{ userId: '' }, 'userId is empty'],
  [{ userId: 'x'.repeat(256) }, 'userId is longer than 255 characters'],

  [{ apiUrl: 'runtime:8080x' }, 'apiUrl must begin with http:// or https://'],
  [{ apiUrl: '/api' }, "apiUrl is not a URL: write it like 'http://runtime-conv123:8080'"],
  [{ apiUrl: 'ftp://h' }, 'apiUrl must begin with http:// or https://'],
  [{ apiUrl: 'http://ada:pw@h' }, noCredentials],
  [{ apiUrl: 'http://ada@h' }, noCredentials],
  [{ apiUrl: 'http://h/?a=1' }, noQuery],
  [{ apiUrl: 'http://h/#a' }, noQuery],
  [{ apiUrl: 'http://h/?' }, noQuery],
  [{ apiUrl: 'http://h/#' }, noQuery],

  [{ readiness: { interval: '0' } }, "readiness.interval is '0': the minimum is '1 second'"],
  [{ readiness: { interval: '-2s' } }, "readiness.interval is '-2s': the minimum is '1 second'"],
  [{ readiness: { interval: '999ms' } }, "readiness.interval is '999ms': the minimum is '1 second'"],
  [{ readiness: { interval: '61m' } }, "readiness.interval is '61m': the maximum is '1 hour'"],
  [{ readiness: { interval: 'soon' } }, `readiness.interval ${noDuration}`],
  [{ readiness: { interval: '' } }, `readiness.interval ${noDuration}`],
  [{ readiness: { interval: 's'.repeat(101) } }, `readiness.interval ${noDuration}`],
  [{ readiness: { interval: 2000 } }, `readiness.interval ${noDuration}`],
  [{ readiness: { maximumAttempts: 0 } }, 'readiness.maximumAttempts must be at least 1'],
  [{ readiness: { maximumAttempts: 1.5 } }, 'readiness.maximumAttempts must be a whole number'],
  [{ readiness: { maximumAttempts: 10_001 } }, 'readiness.maximumAttempts must be at most 10000'],
  [{ readiness: { maximumAttempts: '3' } }, 'readiness.maximumAttempts must be a number'],
  [{ client: { timeout: '99ms' } }, "client.timeout is '99ms': the minimum is '100 milliseconds'"],
  [{ client: { timeout: '301s' } }, "client.timeout is '301s': the maximum is '5 minutes'"],
  [{ preparation: { setupTimeout: '61m' } }, "preparation.setupTimeout is '61m': the maximum is '1 hour'"],
  [{ preparation: { checkoutTimeout: '0.5s' } }, "preparation.checkoutTimeout is '0.5s': the minimum is '1 second'"],
  [{ preparation: { script: 'x' } }, `preparation.script ${isUnknown}`],
  [{ readiness: { lookTimeout: '61s' } }, "readiness.lookTimeout is '61s': the maximum is '1 minute'"],
  [{ client: { sessionApiKey: 'a\nb' } }, badKey],
  [{ client: { sessionApiKey: '' } }, badKey],
  [{ client: { sessionApiKey: 'schlüssel' } }, badKey],

  [{ initialUserMsg: { content: '' } }, emptyMessage],
  [{ initialUserMsg: { content: '', imageUrls: [] } }, emptyMessage],
  [{ replayJson: 'not json' }, 'replayJson is not a JSON array of events: pass the recorded trajectory'],
  [{ replayJson: '[]' }, 'replayJson has no event of a user or an agent: there is nothing to resume from'],
  [{ replayJson: '[{"source":"agent","action":"system"}]' }, noMessageFirst],
  [{ replayJson: [] }, 'replayJson must be a string'],
  [{ replayJson, initialUserMsg: { content: 'a' } }, notBoth],

  [{ server: 'agent-server' }, "sid must be a UUID for server 'agent-server'"],
  [{ server: 'agent-server', sid: `${uuid}0` }, "sid must be a UUID for server 'agent-server'"],
  [{ server: 'agent-server', sid: `{${uuid}` }, "sid must be a UUID for server 'agent-server'"],
  [{ ...agentServer, replayJson }, noReplay],
  [
    { ...agentServer, settings: { conversation_id: uuid } },
    `settings.conversation_id is filled in from sid: remove it`,
  ],
  [
    { ...agentServer, settings: { initial_message: {} } },
    `settings.initial_message is filled in from initialUserMsg: remove it`,
  ],
  [{ ...agentServer, settings: { user_id: 'eve' } }, `settings.user_id is filled in from userId: remove it`],

  [
    { sid: '', userId: 1, extra: 1, readiness: { interval: '0', maximumAttempts: 0 }, settings: { branch: 'x' } },
    "sid is empty; userId must be a string; readiness.interval is '0': the minimum is '1 second'; " +
      `readiness.maximumAttempts must be at least 1; extra ${isUnknown}; ` +
      "settings.branch is not a setting of server 'openhands': remove it",
  ],
];

const half = '\ud83d';

/** Every place for a text or a key, and the field that the problem names. */
const halfPairs: [what: string, spoil: (half: string) => [field: string, input: object]][] = [
  ['sid', (half) => ['sid', { sid: `a${half}` }]],
  ['userId', (half) => ['userId', { userId: half }]],
  ['apiUrl', (half) => ['apiUrl', { apiUrl: `http://h/${half}` }]],
  ['the message', (half) => ['initialUserMsg.content', { initialUserMsg: { content: half } }]],
  ['an image', (half) => ['initialUserMsg.imageUrls.1', { initialUserMsg: { content: 'a', imageUrls: ['b', half] } }]],
  ['instructions', (half) => ['settings.conversationInstructions', { settings: { conversationInstructions: half } }]],
  ['a branch', (half) => ['settings.selectedBranch', { settings: { selectedBranch: half } }]],
  ['a value deep inside', (half) => ['settings.mcpConfig.a.0.b', { settings: { mcpConfig: { a: [{ b: half }] } } }]],
  [
    'a key deep inside',
    (half) => ['settings.mcpConfig.a.b\ufffd', { settings: { mcpConfig: { a: { [`b${half}`]: 1 } } } }],
  ],
  ['an unknown key', (half) => ['\ufffd', { [half]: 1 }]],
  ['the session key', (half) => ['client.sessionApiKey', { client: { sessionApiKey: half } }]],
  ['a duration', (half) => ['readiness.interval', { readiness: { interval: half } }]],
  ['an enum', (half) => ['server', { server: half }]],
  ['the text of a replay', (half) => ['replayJson', { replayJson: `${replayJson}${half}` }]],
  ['a message in a replay', () => ['replayJson', { replayJson: replayJson.replace('hi', 'h\\ud83di') }]],
  ['a value of a replay, in capitals', () => ['replayJson', { replayJson: replayJson.replace('"A"', '"\\uDC00"') }]],
  ['a key of a replay', () => ['replayJson', { replayJson: replayJson.replace('wait_for', '\\ud83d_for') }]],
];

const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });

const tooMuch: [what: string, input: object | (() => unknown), field: string, problem: string][] = [
  [
    'an apiUrl of 1.9 million slashes',
    { apiUrl: `http://h${'/'.repeat(1_900_000)}` },
    'apiUrl',
    'has 1900008 characters: the maximum is 2048',
  ],
  [
    'a branch name that is too long',
    { settings: { selectedBranch: 'b'.repeat(1001) } },
    'settings.selectedBranch',
    'has 1001 characters: the maximum is 1000',
  ],
  [
    'a text too large for Temporal',
    { initialUserMsg: { content: 'a'.repeat(limits.textCharacters + 1) } },
    'initialUserMsg.content',
    `has ${limits.textCharacters + 1} characters: the maximum is ${limits.textCharacters}`,
  ],
  [
    'a list with too many items',
    { initialUserMsg: { content: 'a', imageUrls: Array.from({ length: 10_001 }, () => 'u') } },
    'initialUserMsg.imageUrls',
    'has 10001 items: the maximum is 10000',
  ],
  [
    'an object with too many keys',
    { settings: { mcpConfig: Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`k${index}`, 1])) } },
    'settings.mcpConfig',
    'has 10001 keys: the maximum is 10000',
  ],
  [
    'a key that is too long',
    { settings: { mcpConfig: { [`x${' '.repeat(1000)}`]: 1 } } },
    `settings.mcpConfig.x${' '.repeat(39)}…`,
    'has a name that has 1001 characters: the maximum is 1000',
  ],
  [
    'too many values',
    () => Array.from({ length: 100 }, () => Array.from({ length: 1000 }, () => 1)),
    '',
    'has more than 50000 values',
  ],
  [
    'an object that is nested too deeply',
    { settings: { mcpConfig: nested(99) } },
    'settings.mcpConfig.a.a.a.a.a.a.…',
    'is nested deeper than 100 levels',
  ],
  [
    'a number that is valid in JSON but not finite',
    { settings: { mcpConfig: JSON.parse('{"a":1e999}') } },
    'settings.mcpConfig.a',
    'is not a finite number',
  ],
  [
    'a replay of empty objects',
    { replayJson: `[${'{},'.repeat(600_000)}{}]` },
    'replayJson',
    'has more than 1000000 values: drop old events',
  ],
  [
    'a replay that is nested too deeply',
    { replayJson: replayJson.replace('"A"', '['.repeat(100_000) + ']'.repeat(100_000)) },
    'replayJson',
    'is nested deeper than 100 levels',
  ],
];

describe('parseInput rejects', () => {
  for (const [fields, expected] of refused) {
    test(`${inspect(fields, { breakLength: Number.POSITIVE_INFINITY })}: ${expected}`, () => {
      assert.equal(describeProblems(problemsOf({ ...minimal, ...fields })), expected);
    });
  }

  for (const [what, spoil] of halfPairs) {
    test(`half of a surrogate pair in ${what}`, () => {
      const [field = '', input] = spoil(half);
      const [first, ...others] = problemsOf({ ...minimal, ...input });
      assert.equal(first?.field, field);
      assert.match(first?.problem ?? '', /is not well-formed Unicode/);
      assert.deepEqual(others, []);
    });
  }

  for (const [what, input, field, problem] of tooMuch) {
    test(what, () => {
      assert.deepEqual(problemsOf(typeof input === 'function' ? input() : { ...minimal, ...input }), [
        { field, problem },
      ]);
    });
  }

  test('thousands of unknown keys, naming the first twenty', () => {
    const unknown = Object.fromEntries(Array.from({ length: 9000 }, (_, index) => [`key ${index}`, 1]));
    assert.equal(problemsOf({ ...minimal, ...unknown }).length, limits.problems);
  });

  for (const input of [null, [], 'conv-123', 7, true]) {
    test(`an input that is ${JSON.stringify(input)}`, () => {
      assert.equal(describeProblems(problemsOf(input)), 'the input must be an object');
    });
  }

  test('no input at all', () => {
    assert.equal(describeProblems(problemsOf(undefined)), 'the input is missing: pass an object');
  });
});

/** Documented in design.md. Callers in other languages rely on them. */
const defaults = {
  settings: {},
  initialUserMsg: null,
  replayJson: null,
  client: { timeout: '60 seconds' },
  readiness: { interval: '2 seconds', maximumAttempts: 60, lookTimeout: '5 seconds', readyWhen: 'agent-started' },
  preparation: { checkoutTimeout: '10 minutes', setupTimeout: '10 minutes' },
  server: 'openhands',
  onFailure: 'keep',
};

function withDefaults({ client, readiness, ...fields }: { client?: object; readiness?: object }): object {
  return { ...fields, client: { ...defaults.client, ...client }, readiness: { ...defaults.readiness, ...readiness } };
}

/** Valid inputs at a bound or out of the ordinary. */
const accepted: [what: string, fields: object][] = [
  ['a sid of 100 characters', { sid: 'x'.repeat(100) }],
  ['a sid in any script', { sid: 'Gespräch 7 — 会話 🙂?#%' }],
  ['a sid with single dots', { sid: '.a.b.' }],
  ['an interval of a second', { readiness: { interval: '1s' } }],
  ['an interval of an hour', { readiness: { interval: '1h' } }],
  ['the most readiness checks', { readiness: { maximumAttempts: limits.maximumAttempts } }],
  ['the longest timeout', { client: { timeout: '5 minutes' } }],
  ['an explicit null session key', { client: { sessionApiKey: null } }],
  ['a message of a single space', { initialUserMsg: { content: ' ' } }],
  ['images without text', { initialUserMsg: { content: '', imageUrls: ['https://img/1.png'] } }],
  ['a replay', { replayJson }],
  ['null for each setting', { settings: { mcpConfig: null, repository: null, gitProvider: null } }],
  [
    'further settings of an agent server',
    { ...agentServer, settings: { agentSettings: {}, workspace: {}, tags: ['a'] } },
  ],
];

describe('parseInput accepts', () => {
  for (const [what, fields] of accepted) {
    test(what, () =>
      assert.deepEqual(conversationOf({ ...minimal, ...fields }), { ...defaults, ...minimal, ...withDefaults(fields) }),
    );
  }

  test('the required fields and adds the defaults', () => {
    assert.deepEqual(conversationOf(minimal), { ...minimal, ...defaults });
  });

  test('a complete input and leaves it unchanged', () => {
    assert.deepEqual(conversationOf(complete), complete);
  });

  test('a UUID in any spelling and normalizes it', () => {
    const hex = uuid.replaceAll('-', '');
    for (const sid of [
      uuid,
      uuid.toUpperCase(),
      hex,
      hex.toUpperCase(),
      `{${uuid}}`,
      `urn:uuid:${uuid}`,
      `URN:UUID:${uuid}`,
    ]) {
      assert.equal(conversationOf({ ...minimal, server: 'agent-server', sid }).sid, uuid);
      // On the other server these are different conversations.
      assert.equal(conversationOf({ ...minimal, sid }).sid, sid);
    }
  });

  test('a base URL with a path and removes the trailing slash', () => {
    for (const apiUrl of ['https://h/base', 'https://h/base/', 'https://h/base//']) {
      assert.equal(conversationOf({ ...minimal, apiUrl }).apiUrl, 'https://h/base');
    }
  });
});

function conversationOf(input: unknown): Conversation {
  const parsed = parseInput(input);
  assert.ok('conversation' in parsed, `rejected: ${JSON.stringify(parsed)}`);
  return parsed.conversation;
}

function problemsOf(input: unknown): readonly InputProblem[] {
  const parsed = parseInput(input);
  assert.ok('problems' in parsed, 'the input was accepted');
  return parsed.problems;
}
