import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import type { InputProblem } from '../../contract/failures.js';
import { type Conversation, describeProblems, parseInput } from '../../contract/input.js';
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
const noCredentials = 'apiUrl carries credentials: pass the key as client.sessionApiKey';
const noQuery = 'apiUrl must end with the path: leave out the query and the fragment';
const emptyMessage = 'initialUserMsg.content is empty: to start without a message, leave initialUserMsg null';
const notBoth = 'replayJson excludes initialUserMsg: a replay begins with its own message';
const noReplay = "replayJson is unknown to server 'agent-server': it resumes a conversation by its id";
const noDuration = "must be a duration string: write it like '1 second'";
const noMessageFirst =
  "replayJson must begin with a message: drop what comes before the first event with action 'message', such as the 'system' event of an export";

/** Fields that spoil an input, and all that the caller is told. */
const refused: [fields: object, problems: string][] = [
  [{ apiUrl: undefined }, `apiUrl ${isMissing}`],
  [{ sid: undefined }, `sid ${isMissing}`],
  [{ userId: undefined }, `userId ${isMissing}`],
  [{ initialUserMsg: {} }, `initialUserMsg.content ${isMissing}`],

  [{ apiURL: 'http://h' }, `apiURL ${isUnknown}`],
  [{ settings: { branch: 'x' } }, "settings.branch is not a setting of server 'openhands': remove it"],
  [{ initialUserMsg: { content: 'a', images: [] } }, `initialUserMsg.images ${isUnknown}`],
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
  [{ sid: 'a\ud83d' }, 'sid is not well-formed Unicode'],
  [{ userId: '' }, 'userId is empty'],
  [{ userId: 'x'.repeat(256) }, 'userId is longer than 255 characters'],

  [{ apiUrl: 'runtime:8080x' }, 'apiUrl must begin with http:// or https://'],
  [{ apiUrl: '/api' }, "apiUrl is no URL: write it like 'http://runtime-conv123:8080'"],
  [{ apiUrl: 'ftp://h' }, 'apiUrl must begin with http:// or https://'],
  [{ apiUrl: 'http://ada:pw@h' }, noCredentials],
  [{ apiUrl: 'http://ada@h' }, noCredentials],
  [{ apiUrl: 'http://h/?a=1' }, noQuery],
  [{ apiUrl: 'http://h/#a' }, noQuery],
  [{ apiUrl: 'http://h/?' }, noQuery],
  [{ apiUrl: 'http://h/#' }, noQuery],

  [{ readiness: { interval: '0' } }, "readiness.interval is '0': the least is '1 second'"],
  [{ readiness: { interval: '-2s' } }, "readiness.interval is '-2s': the least is '1 second'"],
  [{ readiness: { interval: '999ms' } }, "readiness.interval is '999ms': the least is '1 second'"],
  [{ readiness: { interval: '61m' } }, "readiness.interval is '61m': the most is '1 hour'"],
  [{ readiness: { interval: 'soon' } }, `readiness.interval ${noDuration}`],
  [{ readiness: { interval: '' } }, `readiness.interval ${noDuration}`],
  [{ readiness: { interval: 's'.repeat(101) } }, `readiness.interval ${noDuration}`],
  [{ readiness: { interval: 2000 } }, `readiness.interval ${noDuration}`],
  [{ readiness: { maximumAttempts: 0 } }, 'readiness.maximumAttempts must be at least 1'],
  [{ readiness: { maximumAttempts: 1.5 } }, 'readiness.maximumAttempts must be a whole number'],
  [{ readiness: { maximumAttempts: 10_001 } }, 'readiness.maximumAttempts must be at most 10000'],
  [{ readiness: { maximumAttempts: '3' } }, 'readiness.maximumAttempts must be a number'],
  [{ client: { timeout: '99ms' } }, "client.timeout is '99ms': the least is '100 milliseconds'"],
  [{ client: { timeout: '301s' } }, "client.timeout is '301s': the most is '5 minutes'"],
  [{ readiness: { lookTimeout: '61s' } }, "readiness.lookTimeout is '61s': the most is '1 minute'"],
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
    "sid is empty; userId must be a string; readiness.interval is '0': the least is '1 second'; " +
      `readiness.maximumAttempts must be at least 1; extra ${isUnknown}; ` +
      "settings.branch is not a setting of server 'openhands': remove it",
  ],
];

describe('parseInput refuses', () => {
  for (const [fields, expected] of refused) {
    test(`${inspect(fields, { breakLength: Number.POSITIVE_INFINITY })}: ${expected}`, () => {
      assert.equal(describeProblems(problemsOf({ ...minimal, ...fields })), expected);
    });
  }

  for (const input of [null, [], 'conv-123', 7, true]) {
    test(`an input that is ${JSON.stringify(input)}`, () => {
      assert.equal(describeProblems(problemsOf(input)), 'the input must be an object');
    });
  }

  test('no input at all', () => {
    assert.equal(describeProblems(problemsOf(undefined)), 'the input is missing: pass an object');
  });
});

/** Documented in design.md, and relied on by callers in other languages. */
const defaults = {
  settings: {},
  initialUserMsg: null,
  replayJson: null,
  client: { timeout: '60 seconds' },
  readiness: { interval: '2 seconds', maximumAttempts: 60, lookTimeout: '5 seconds', readyWhen: 'agent-started' },
  server: 'openhands',
  onFailure: 'keep',
};

function withDefaults({ client, readiness, ...fields }: { client?: object; readiness?: object }): object {
  return { ...fields, client: { ...defaults.client, ...client }, readiness: { ...defaults.readiness, ...readiness } };
}

/** What is at its bound or out of the ordinary, and fine. */
const accepted: [what: string, fields: object][] = [
  ['a sid of 100 characters', { sid: 'x'.repeat(100) }],
  ['a sid in any script', { sid: 'Gespräch 7 — 会話 🙂?#%' }],
  ['a sid with single dots', { sid: '.a.b.' }],
  ['an interval of a second', { readiness: { interval: '1s' } }],
  ['an interval of an hour', { readiness: { interval: '1h' } }],
  ['the most looks', { readiness: { maximumAttempts: limits.maximumAttempts } }],
  ['the longest timeout', { client: { timeout: '5 minutes' } }],
  ['no session key, said explicitly', { client: { sessionApiKey: null } }],
  ['a blank message, which the server takes for one', { initialUserMsg: { content: ' ' } }],
  ['images alone', { initialUserMsg: { content: '', imageUrls: ['https://img/1.png'] } }],
  ['a replay', { replayJson }],
  ['settings that are null one by one', { settings: { mcpConfig: null, repository: null, gitProvider: null } }],
  [
    'whatever else an agent-server takes',
    { ...agentServer, settings: { agentSettings: {}, workspace: {}, tags: ['a'] } },
  ],
];

describe('parseInput accepts', () => {
  for (const [what, fields] of accepted) {
    test(what, () =>
      assert.deepEqual(conversationOf({ ...minimal, ...fields }), { ...defaults, ...minimal, ...withDefaults(fields) }),
    );
  }

  test('the least, and fills in the defaults', () => {
    assert.deepEqual(conversationOf(minimal), { ...minimal, ...defaults });
  });

  test('an input that leaves nothing out, as it is', () => {
    assert.deepEqual(conversationOf(complete), complete);
  });

  test('a base URL with a path, and drops the slash at its end', () => {
    for (const apiUrl of ['https://h/base', 'https://h/base/', 'https://h/base//']) {
      assert.equal(conversationOf({ ...minimal, apiUrl }).apiUrl, 'https://h/base');
    }
  });
});

function conversationOf(input: unknown): Conversation {
  const parsed = parseInput(input);
  assert.ok('conversation' in parsed, `refused: ${JSON.stringify(parsed)}`);
  return parsed.conversation;
}

function problemsOf(input: unknown): readonly InputProblem[] {
  const parsed = parseInput(input);
  assert.ok('problems' in parsed, 'it was accepted');
  return parsed.problems;
}
