import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { describe, test } from 'node:test';
import type { ApplicationFailure } from '@temporalio/common';
import proto from '@temporalio/proto';
import { createActivities } from '../../activities/activities.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import { loadDataConverter } from '../../codec/sdk-internals.js';
import { inputFor } from '../../dev-stack/input-for.js';
import type { Fault } from '../../dev-stack/stand-ins/faults.js';
import type { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { failureOf } from '../harness/failure-of.js';
import { encodeErrorToFailure } from '../harness/sdk-internals.js';
import { ActivityEnvironment, listen } from './activity-environment.js';
import { startFullServer } from './full-server.js';

const { createConversation } = createActivities();

const sessionApiKey = 'session-key-4711';
const toolKey = 'tool-key-0815';

/** How a create ends after a failure. */
interface Outcome {
  readonly type: 'NestedServerUnavailable' | 'ConversationRejected' | 'Unauthorized';
  readonly retried: boolean;
  readonly message: RegExp;
  /** Set if the server says, or is made to say, when to come back. */
  readonly nextRetryDelay?: number;
}

const unavailable = (message: RegExp, nextRetryDelay?: number): Outcome => ({
  type: 'NestedServerUnavailable',
  retried: true,
  message,
  ...(nextRetryDelay !== undefined && { nextRetryDelay }),
});
const rejected = (message: RegExp): Outcome => ({ type: 'ConversationRejected', retried: false, message });
const unauthorized = (message: RegExp): Outcome => ({ type: 'Unauthorized', retried: false, message });

const json = (status: number, body: unknown, headers = {}): Fault => ({
  kind: 'answer',
  status,
  headers,
  body: JSON.stringify(body),
});
const page = (status: number): Fault => ({
  kind: 'answer',
  status,
  headers: { 'content-type': 'text/html' },
  body: `<html><h1>nginx</h1>${sessionApiKey} ${toolKey} ${'<p>nothing to see</p>'.repeat(1000)}</html>`,
});
const text = (status: number, body: string): Fault => ({ kind: 'answer', status, body });

const notFromApi = (status: number) =>
  new RegExp(
    `answered ${status} with a body that is not the API's \\(text/html\\): <html><h1>nginx</h1>\\*\\*\\* \\*\\*\\* `,
  );

/** What happens to the POST, and how the create ends. */
const faults: [what: string, fault: Fault, outcome: Outcome][] = [
  ['a reset without an answer', { kind: 'refuse' }, unavailable(/: connection reset \(ECONNRESET\)$/)],
  ['a reset within the headers', { kind: 'reset-headers' }, unavailable(/: connection reset \(ECONNRESET\)$/)],
  ['a reset within the body', { kind: 'reset-body' }, unavailable(/: connection (reset|cut off within the answer)/)],
  ['a black hole', { kind: 'black-hole' }, unavailable(/: no answer within 2000 ms$/)],
  ['a slow drip', { kind: 'drip', everyMs: 100 }, unavailable(/: no answer within 2000 ms$/)],
  ['50 MB', { kind: 'huge-body', bytes: 50e6 }, unavailable(/: an answer of more than 8388608 bytes/)],
  ['a gzip bomb', { kind: 'gzip-bomb', bytes: 1e9 }, unavailable(/: an answer of more than 8388608 bytes/)],
  [
    'a body that is falsely labelled gzip',
    { ...page(200), headers: { 'content-encoding': 'gzip' } } as Fault,
    unavailable(/: incorrect header check/),
  ],

  [
    '400 with a msg_id',
    json(400, { status: 'error', message: 'Settings not found', msg_id: 'CONFIGURATION$SETTINGS_NOT_FOUND' }),
    rejected(/answered 400 \(Settings not found\)$/),
  ],
  ['400 without a msg_id', json(400, { detail: 'Bad' }), rejected(/answered 400 \(Bad\)$/)],
  [
    '401',
    json(401, { detail: 'Unauthorized' }),
    unauthorized(/answered 401, check client.sessionApiKey: \(Unauthorized\)$/),
  ],
  [
    '401 about the repository',
    json(401, 'Unable to access repo ada/engine'),
    rejected(
      /answered 401, check settings\.repository and the server's Git tokens: \(Unable to access repo ada\/engine\)$/,
    ),
  ],
  [
    '401 in one word',
    json(401, 'Unauthorized'),
    unauthorized(/answered 401, check client.sessionApiKey: \(Unauthorized\)$/),
  ],
  ['403', page(403), unauthorized(/answered 403, check client.sessionApiKey: with a body/)],
  ['404 for the route', json(404, { detail: 'Not Found' }), unavailable(/answered 404 \(Not Found\)$/)],
  ["404 that is not the API's", page(404), unavailable(notFromApi(404))],
  ['404 for something else', json(404, { detail: 'No such profile' }), rejected(/answered 404 \(No such profile\)$/)],
  ['405', json(405, { detail: 'Method Not Allowed' }), rejected(/answered 405 \(Method Not Allowed\)$/)],
  ['408', page(408), unavailable(notFromApi(408))],
  ['409', json(409, { detail: 'In use' }), rejected(/answered 409 \(In use\)$/)],
  ['400 about closing', json(400, { detail: 'inactive_service' }), unavailable(/answered 400 \(inactive_service\)$/)],
  [
    '409 about another instance',
    json(409, { detail: 'Conversation is owned by another agent server instance; the write was refused' }),
    unavailable(/answered 409 \(Conversation is owned by another agent server instance; the write was refused\)$/),
  ],
  [
    '409 that may be retried',
    json(409, { detail: 'credential_binding_activation_required', retryable: true }),
    unavailable(/answered 409 \(credential_binding_activation_required\)$/),
  ],
  [
    '422',
    json(422, { detail: [{ loc: ['body', 'git_provider'], msg: 'Input should be a provider', input: toolKey }] }),
    rejected(/answered 422 \(body.git_provider: Input should be a provider\)$/),
  ],
  ...[null, 'body', { a: 1 }, [[['deep']], { a: 1 }], Array.from({ length: 9 }, () => 'x'.repeat(99))].map(
    (loc): [string, Fault, Outcome] => [
      `422 about ${JSON.stringify(loc).slice(0, 30)}`,
      json(422, { detail: Array.from({ length: 500 }, () => ({ loc, msg: 'Odd' })) }),
      rejected(/answered 422 \((the body|body|(x{99}\.)+x*): Odd/),
    ],
  ),
  ['422 about nothing', json(422, { detail: [null, 7, {}] }), rejected(/answered 422 \(the body: invalid; the body: /)],
  ['425', page(425), unavailable(notFromApi(425))],
  ['429', json(429, { message: 'Slow down' }), unavailable(/answered 429 \(Slow down\)$/)],
  ['429 for 7 seconds', json(429, {}, { 'retry-after': '7' }), unavailable(/answered 429/, 7_000)],
  ['429 for 0 seconds', json(429, {}, { 'retry-after': '0' }), unavailable(/answered 429/, 1_000)],
  ['429 for a day', json(429, {}, { 'retry-after': '86400' }), unavailable(/answered 429/, 30_000)],
  [
    '429 for too long a number of seconds',
    json(429, {}, { 'retry-after': '9'.repeat(400) }),
    unavailable(/answered 429/, 30_000),
  ],
  [
    '429 until 2999',
    json(429, {}, { 'retry-after': 'Tue, 01 Jan 2999 00:00:00 GMT' }),
    unavailable(/answered 429/, 30_000),
  ],
  [
    '429 until 1999',
    json(429, {}, { 'retry-after': 'Fri, 01 Jan 1999 00:00:00 GMT' }),
    unavailable(/answered 429/, 1_000),
  ],
  ['429 with an unreadable Retry-After', json(429, {}, { 'retry-after': 'some day' }), unavailable(/answered 429/)],
  ...[
    "ToolDefinition 'NoSuchTool' is not registered",
    "LocalWorkspace.__init__() missing 1 required keyword-only argument: 'working_dir'",
    'Object of type Agent is not JSON serializable',
    'Cannot decrypt secrets: cipher not configured. Set OH_SECRET_KEY environment variable.',
  ].map((exception): [string, Fault, Outcome] => [
    `500 that is permanent: ${exception}`,
    json(500, { detail: 'Internal Server Error', exception }),
    rejected(/answered 500 \((ToolDefinition|LocalWorkspace|Object of type|Cannot decrypt)/),
  ]),
  ['500 in plain text', text(500, 'Internal Server Error'), unavailable(/answered 500 .*: Internal Server Error$/)],
  ...[500, 502, 503, 504].map((status): [string, Fault, Outcome] => [
    `${status} with HTML`,
    page(status),
    unavailable(notFromApi(status)),
  ]),
  ['503 for 9 seconds', json(503, {}, { 'retry-after': '9' }), unavailable(/answered 503/, 9_000)],

  ['200 with HTML', page(200), unavailable(notFromApi(200))],
  ['200 without a body', text(200, ''), unavailable(/answered 200 with an empty body$/)],
  ['204 without a body', text(204, ''), unavailable(/answered 204 with an empty body$/)],
  [
    '200 with truncated JSON',
    text(200, '{"status":"ok","conversa'),
    unavailable(/answered 200 .*: {"status":"ok","conversa$/),
  ],
  ['200 with another schema', json(200, { ok: true }), unavailable(/answered 200 .*: {"ok":true}$/)],
  ['200 with null', json(200, null), unavailable(/answered 200 .*: null$/)],
];

describe('a create that meets', { concurrency: 8 }, () => {
  for (const [what, fault, outcome] of faults) {
    const end = outcome.retried ? 'is retried' : 'is not retried';
    test(`${what} ${end}: ${outcome.type}`, async (t) => {
      const server = await listen(t, { sessionApiKey });
      server.inject({ method: 'POST', path: '/api/conversations', fault });
      const failure = await createOn(server.url, hangs(fault) ? impatient : {});
      assertOutcome(failure, outcome);
      assert.match(failure.message, /^POST http:\/\/127\.0\.0\.1:\d+\/api\/conversations( answered|:) /);
      const [details] = failure.details as [Record<string, unknown>];
      assert.equal(details.method, 'POST');
      assert.equal(details.url, `${server.url}/api/conversations`);
      assert.equal(details.status, Number(/ answered (\d+)/.exec(failure.message)?.[1]) || undefined);
      assert.equal(server.count('POST /api/conversations'), 1);
    });
  }

  test('400 reports the msg_id in its details', async (t) => {
    const server = await listen(t, { sessionApiKey, settings: 'without-key' });
    const { message, details } = await createOn(server.url);
    assert.match(message, /answered 400 \(Error authenticating with the LLM provider. Please check your API key\)$/);
    assert.deepEqual(details, [
      { method: 'POST', url: `${server.url}/api/conversations`, status: 400, msgId: 'STATUS$ERROR_LLM_AUTHENTICATION' },
    ]);
  });

  for (const status of [301, 302, 303, 307, 308]) {
    test(`${status} is not retried, and the session key is sent nowhere else`, async (t) => {
      const [server, other] = [await listen(t, { sessionApiKey }), await listen(t)];
      const location = `${other.url}/api/conversations`;
      const fault: Fault = { kind: 'answer', status, headers: { location } };
      server.inject({ method: 'POST', path: '/api/conversations', fault });
      assertOutcome(await createOn(server.url), rejected(/redirects are not followed, check apiUrl/));
      assert.deepEqual(other.requests, []);
    });
  }
});

describe('a create that cannot reach its server because of', () => {
  const unreachable: [what: string, apiUrlOf: (server: OpenHandsStandIn) => string, outcome: Outcome][] = [
    ['a port where nothing listens', ({ url }) => url, unavailable(/: connection refused \(ECONNREFUSED\)$/)],
    [
      'a host name that does not resolve',
      () => 'http://nowhere.invalid',
      unavailable(/: host name (not found|could not be looked up)/),
    ],
  ];
  for (const [what, apiUrlOf, outcome] of unreachable) {
    test(`${what} is retried`, async (t) => {
      const server = await listen(t);
      await server.down();
      assertOutcome(await createOn(apiUrlOf(server)), outcome);
    });
  }

  test('a server that accepts no connections is retried', async (t) => {
    const apiUrl = await startFullServer(t);
    assertOutcome(await createOn(apiUrl, impatient), unavailable(/: no answer within 2000 ms$/));
  });

  test('an https apiUrl for an http server is retried', async (t) => {
    const server = await listen(t);
    const failure = await createOn(server.url.replace('http:', 'https:'));
    assertOutcome(failure, unavailable(/: TLS handshake failed: is apiUrl https where the server speaks http\?/));
    assert.deepEqual(server.requests, []);
  });
});

test('a create that cannot read what was there before posts nothing', async (t) => {
  const server = await listen(t, { sessionApiKey });
  server.inject({ path: /events/, fault: page(500) });
  assertOutcome(await createOn(server.url), unavailable(notFromApi(500)));
  assert.equal(server.count('POST /api/conversations'), 0);
});

describe('a secret', () => {
  test('is not partly shown if an excerpt is cut in the middle of it', async (t) => {
    const server = await listen(t, { sessionApiKey });
    const body = `${'x'.repeat(115)}${sessionApiKey}`;
    server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'answer', status: 500, body } });
    const { message } = await createOn(server.url);
    assert.doesNotMatch(message, /sess/);
  });

  const long = Array.from({ length: 700 }, (_, line) => `line ${line} of the message, "quoted"`).join('\n');
  const echoes: [name: string, echo: (secret: string) => Fault][] = [
    ['in a text', (secret) => ({ kind: 'answer', status: 500, body: `I was sent ${secret}` })],
    ['as JSON in a text', (secret) => ({ kind: 'answer', status: 500, body: JSON.stringify({ sent: secret }) })],
    ['in a URL', (secret) => ({ kind: 'answer', status: 500, body: `GET /?q=${encodeURIComponent(secret)}` })],
    ['in an error message', (secret) => json(400, { message: `can't do ${secret}` })],
  ];
  for (const [name, echo] of echoes) {
    test(`is not shown if the server repeats it ${name}: a long message of many lines`, async (t) => {
      const server = await listen(t, { sessionApiKey });
      server.inject({ method: 'POST', path: '/api/conversations', fault: echo(long) });
      const { message, details } = await createOn(server.url, { initialUserMsg: { content: long } });
      assert.doesNotMatch(JSON.stringify([message, details]), /of the message|%20message/);
    });
  }

  const others: [name: string, input: object, secret: string][] = [
    [
      'an argument of an MCP server',
      { settings: { mcpConfig: { stdio_servers: [{ args: ['--pass', 'hunter2-a'] }] } } },
      'hunter2-a',
    ],
    ['the first message of a replay', { initialUserMsg: null, replayJson: replayOf('hunter2-b') }, 'hunter2-b'],
  ];
  for (const [name, input, secret] of others) {
    test(`is not shown if the server repeats ${name}`, async (t) => {
      const server = await listen(t, { sessionApiKey });
      server.inject({ method: 'POST', path: '/api/conversations', fault: json(400, { message: `no ${secret}` }) });
      assertOutcome(await createOn(server.url, input), rejected(/\(no \*\*\*\)$/));
    });
  }

  test('in any URL is not shown', async (t) => {
    const server = await listen(t, { sessionApiKey });
    const fault = json(400, { message: 'see http://ada:pw@h/?access_token=abc&x=1 and https://h/?API_KEY=def !' });
    server.inject({ method: 'POST', path: '/api/conversations', fault });
    const expected = /\(see http:\/\/\*\*\*@h\/\?access_token=\*\*\*&x=1 and https:\/\/h\/\?API_KEY=\*\*\* !\)$/;
    assertOutcome(await createOn(server.url), rejected(expected));
  });

  test("of the server, such as a provider's API key, is not shown", async (t) => {
    const server = await listen(t, { sessionApiKey });
    const fault = json(400, { message: 'Incorrect API key provided: sk-proj-abcdefgh12345678' });
    server.inject({ method: 'POST', path: '/api/conversations', fault });
    assertOutcome(await createOn(server.url), rejected(/\(Incorrect API key provided: \*\*\*\)$/));
  });
});

for (const [name, character] of [
  ['letters', 'x'],
  ['quotes', '"'],
  ['control characters', '\u0001'],
  ['characters of four bytes', '😀'],
] as const) {
  // Temporal removes message, type and details from a retried failure of more than 4 KB.
  test(`a failure stays below 4 KB, even encrypted, if the server's answer is full of ${name}`, async (t) => {
    const server = await listen(t, { sessionApiKey });
    const long = character.repeat(100_000);
    server.inject({ method: 'POST', path: '/api/conversations', fault: json(500, { message: long, msg_id: long }) });
    const failure = await createOn(server.url);
    const encoded = await encodeErrorToFailure(loadDataConverter(encrypting), failure);
    assert.ok(proto.temporal.api.failure.v1.Failure.encode(encoded).finish().length < 3500);
  });
}

const encrypting = dataConverterFor(new Map([['test', createSecretKey(Buffer.alloc(32, 1))]]));

function replayOf(content: string): string {
  return JSON.stringify([{ source: 'user', action: 'message', args: { content } }]);
}

/** Only for servers that never answer in full. The others need time on a slow machine. */
const impatient = { client: { timeout: '2 seconds', sessionApiKey } } as const;
const hangs = ({ kind }: Fault) => kind === 'black-hole' || kind === 'drip';

function createOn(apiUrl: string, more: object = {}): Promise<ApplicationFailure> {
  const input = inputFor(apiUrl, {
    client: { sessionApiKey },
    settings: { mcpConfig: { shttp_servers: [{ url: 'http://tools', api_key: toolKey }] } },
    ...more,
  });
  return failureOf(new ActivityEnvironment().run(createConversation, { input }));
}

function assertOutcome(failure: ApplicationFailure, { type, retried, message, nextRetryDelay }: Outcome): void {
  assert.equal(failure.type, type);
  assert.equal(!failure.nonRetryable, retried);
  assert.match(failure.message, message);
  assert.equal(failure.nextRetryDelay, nextRetryDelay);
  assert.ok(failure.message.length <= 1000);
  assert.equal(failure.cause, undefined);
  const shown = JSON.stringify([failure.message, failure.details]);
  assert.ok(!shown.includes(sessionApiKey) && !shown.includes(toolKey), shown);
}
