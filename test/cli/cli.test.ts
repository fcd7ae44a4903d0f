import assert from 'node:assert/strict';
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { exitCodes } from '../../cli/exit-codes.js';
import { buildProgram } from '../../cli/program.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import { registerSearchAttributes } from '../../client/search-attributes.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import { whatToDo } from '../../contract/failures.js';
import { workflowIdOf } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { type Ended, type ProgramOptions, startProgram } from '../../dev-stack/programs.js';
import { folderFor, forFile, testFile } from '../harness/fixtures.js';
import { server } from '../harness/openhands-for-each-test.js';
import { startDevServer } from '../harness/temporal.js';

const temporal = await forFile(startDevServer());
await registerSearchAttributes(temporal.env.client);
const folder = await folderFor(testFile);
let sid: string;
beforeEach(() => {
  sid = `conv-${randomUUID()}`;
});

function run(args: readonly string[], { env, input }: Omit<ProgramOptions, 'args'> = {}): Promise<Ended> {
  const options = { args, env: { ...temporal.variables, ...env }, ...(input && { input }) };
  return startProgram('cli/main.js', options).ended;
}

/** The options of a complete start command. */
const complete = () => ['--api-url', server.url, '--sid', sid, '--user-id', 'ada', '--message', 'Fix the build'];
const inAMoment = ['--interval', '1 second'];

const withoutSid = { list: true, setup: true };
const namespaceCommands = ['start', 'wait', 'status', 'history', 'cancel', 'list', 'setup'];

/** The output of `--json`: one line, one object, and nothing else. */
function printed({ stdout, stderr }: Ended): Record<string, unknown> {
  assert.match(stdout, /^\{.*\}\n$/);
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

describe('start', () => {
  test('prints what it started and does not wait', async () => {
    const post = server.inject({ path: '/api/conversations', fault: { kind: 'delay-until' } });
    const { exitCode, stdout, stderr } = await run(['start', ...complete()]);
    const { runId } = await new NestedConversations(temporal.env.client).status(sid);
    assert.deepEqual(stdout.split('\n'), [
      `${sid} is starting: workflow ${workflowIdOf(sid)}, run ${runId}`,
      `  wait for it: npx nested-conversation wait ${sid}`,
      `  show it:     npx nested-conversation status ${sid}`,
      `  cancel it:   npx nested-conversation cancel ${sid}`,
      '',
    ]);
    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
    post.release();
  });

  test('says that it attached to an existing start', async () => {
    const first = printed(await run(['start', ...complete(), '--json']));
    const second = printed(await run(['start', ...complete(), '--json']));
    assert.equal(first.attached, false);
    assert.deepEqual({ ...second, attachedTo: 'running' }, { ...first, attached: true, attachedTo: 'running' });
  });

  test('--wait shows progress on standard error and the result on standard output', async () => {
    server.script(sid, { loadingLooks: 3 });
    const { exitCode, stdout, stderr } = await run(['start', ...complete(), ...inAMoment, '--wait']);
    assert.equal(stdout, `${sid} is ready (RUNNING) after 2 looks\n`);
    assert.match(
      stderr,
      / {2}\d s {2}checking that it is ready: \S+ is STARTING \(agent loading\); look 1 of 60, .*\n/,
    );
    assert.match(stderr, / {2}\d s {2}ready\n$/);
    assert.equal(exitCode, 0);
  });

  test('passes its options to the server', async () => {
    const options = ['--repository', 'ada/engine', '--branch', 'main', '--git-provider', 'github'];
    await run([
      'start',
      ...complete(),
      ...options,
      '--instructions',
      'Be brief',
      '--image-url',
      'a:1',
      'b:2',
      '--wait',
    ]);
    assert.deepEqual(await posted(), {
      conversation_id: sid,
      initial_user_msg: 'Fix the build',
      image_urls: ['a:1', 'b:2'],
      repository: 'ada/engine',
      selected_branch: 'main',
      git_provider: 'github',
      conversation_instructions: 'Be brief',
    });
  });

  test('--resume starts a completed conversation again', async () => {
    await run(['start', ...complete(), '--wait']);
    server.restart();
    const { attached } = printed(await run(['start', ...complete(), '--resume', '--json']));
    assert.equal(attached, false);
  });

  for (const source of ['a file', 'standard input']) {
    test(`--input reads the input from ${source}, and options override it`, async () => {
      const input = JSON.stringify({ ...inputFor(server.url, { sid }), settings: { selectedBranch: 'main' } });
      const file = join(folder, 'input.json');
      await writeFile(file, input);
      const options = source === 'a file' ? ['--input', file] : ['--input', '-'];
      const { exitCode } = await run(
        ['start', ...options, '--message', 'Fix the tests', '--repository', 'ada/engine', '--wait'],
        { input },
      );
      assert.equal(exitCode, 0);
      const { initial_user_msg, repository, selected_branch } = await posted();
      assert.deepEqual(
        { initial_user_msg, repository, selected_branch },
        { initial_user_msg: 'Fix the tests', repository: 'ada/engine', selected_branch: 'main' },
      );
    });
  }

  test('--replay-file resumes from recorded events', async () => {
    const replay = JSON.stringify([
      { source: 'user', action: 'message', args: { content: 'hi' } },
      { source: 'agent', action: 'message', args: { content: 'A', wait_for_response: true } },
    ]);
    const file = join(folder, 'replay.json');
    await writeFile(file, replay);
    const { exitCode } = await run([
      ...['start', '--api-url', server.url, '--sid', sid, '--user-id', 'ada'],
      ...['--replay-file', file, '--wait'],
    ]);
    assert.equal(exitCode, 0);
    assert.equal((await posted()).replay_json, replay);
  });

  for (const { outcome, serverKey, exitCode } of [
    { outcome: 'accepted', serverKey: 'key-of-the-session', exitCode: 0 },
    { outcome: 'refused', serverKey: 'another-key', exitCode: exitCodes.failed },
  ]) {
    test(`sends the session API key from the environment and never prints it: ${outcome}`, async () => {
      server.options.sessionApiKey = serverKey;
      const env = { NESTED_SESSION_API_KEY: 'key-of-the-session' };
      const ended = [await run(['start', ...complete(), '--wait'], { env }), await run(['status', sid], { env })];
      const json = await run(['status', sid, '--json'], { env });
      assert.equal(ended[0]?.exitCode, exitCode);
      assert.equal(server.requests[0]?.headers['x-session-api-key'], 'key-of-the-session');
      assert.doesNotMatch(JSON.stringify([...ended, json]), /key-of-the-session/);
    });
  }
});

describe('status', () => {
  const started = () => new NestedConversations(temporal.env.client).start(inputFor(server.url, { sid }));
  const ended = () =>
    new NestedConversations(temporal.env.client).ensureReady(inputFor(server.url, { sid })).catch(() => undefined);

  test('describes a start that is running', async () => {
    const post = server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'delay-until' } });
    const { runId, workflowId } = await started();
    await post.reached;
    const { exitCode, stdout } = await run(['status', sid]);
    assert.match(stdout, new RegExp(`^${sid}: creating the conversation, for \\d+ s\n`));
    assert.match(stdout, /\n {2}attempts {6}0 of 12 completed\n/);
    assert.match(stdout, new RegExp(`\n {2}server {8}openhands at ${server.url}\n {2}user {10}ada\n`));
    assert.match(stdout, new RegExp(`\n {2}workflow {6}${workflowId}\n {2}run {11}${runId}\n$`));
    assert.equal(exitCode, 0);
    post.release();
  });

  test('describes a start that no worker takes up', async () => {
    const taskQueue = `nobody-polls-${sid}`;
    const starts = new NestedConversations(temporal.env.client, { taskQueue });
    await starts.start(inputFor(server.url, { sid }));
    while (!(await starts.status(sid)).overdue) await setTimeout(100);
    const { stdout } = await run(['status', sid]);
    assert.match(stdout, /: waiting for a worker, for \d+ s\n {2}stuck {9}/);
    assert.match(stdout, new RegExp(`no worker on task queue ${taskQueue} has picked it up after \\d+ s`));
    await temporal.env.client.workflow.getHandle(workflowIdOf(sid)).terminate();
  });

  test('describes a start that is ready', async () => {
    await ended();
    assert.match((await run(['status', sid])).stdout, /: ready, after \d s\n {2}result {8}RUNNING after 1 look\n/);
    const { phase, result } = printed(await run(['status', sid, '--json']));
    assert.deepEqual(
      { phase, result },
      { phase: 'ready', result: { conversationId: sid, status: 'RUNNING', attempts: 1 } },
    );
  });

  test('explains why a start failed', async () => {
    server.options.settings = 'missing';
    await ended();
    const { exitCode, stdout } = await run(['status', sid]);
    assert.match(stdout, /: failed, after \d s\n {2}reason {8}POST \S+ answered 400 \(Settings not found\)\n/);
    assert.match(stdout, new RegExp(`\n {2}what to do {4}${whatToDo.ConversationRejected.replaceAll('`', '')}\n`));
    assert.match(stdout, /\n {2}details {7}.*"msgId":"CONFIGURATION\$SETTINGS_NOT_FOUND"/);
    assert.equal(exitCode, 0);
    const { phase, error } = printed(await run(['status', sid, '--json']));
    assert.equal(phase, 'failed');
    assert.equal((error as { type: string }).type, 'ConversationRejected');
  });
});

describe('history', () => {
  const history = async () => {
    const { exitCode, stdout } = await run(['history', sid]);
    assert.equal(exitCode, 0);
    return stdout.trimEnd().split('\n');
  };
  const words = (lines: readonly string[]) => lines.map((line) => line.replace(/^ +\+\d+\.\d s {2}| \(\d+@.*\)$/g, ''));

  test('describes a start that became ready, including the checks that Temporal does not keep', async () => {
    server.script(sid, { loadingLooks: 5 });
    await run(['start', ...complete(), ...inAMoment, '--wait']);
    const lines = await history();
    assert.match(lines[0] ?? '', /^ {4}\+0\.0 s {2}/);
    assert.deepEqual(words(lines), [
      `started for ada, on openhands at ${server.url}`,
      'picked up by a worker',
      'creating the conversation: at most 12 attempts',
      'first attempt started',
      'finished creating the conversation',
      'checking that it is ready: a look every 1 second, at most 60',
      `look 4 started, after 3 that the history does not contain; the last of them: ${sid} is STARTING (agent loading); look 3 of 60, next in 1 second`,
      'look 4 found it ready (RUNNING)',
      'ready (RUNNING) after 4 looks',
    ]);
  });

  test('explains why a start failed, attempt by attempt', async () => {
    server.options.settings = 'missing';
    await run(['start', ...complete(), '--wait']);
    const reason = `POST ${server.url}/api/conversations answered 400 (Settings not found)`;
    assert.deepEqual(words(await history()).slice(-2), [
      `the last attempt failed: ${reason}`,
      `failed: ConversationRejected: ${reason}`,
    ]);
  });

  test('shows the current phase of a running start, and that it was asked to end', async () => {
    server.script(sid, { agent: 'dead' });
    const look = server.inject({ path: `/api/conversations/${sid}/events`, after: 2, fault: { kind: 'delay-until' } });
    await run(['start', ...complete(), '--look-timeout', '1 minute']);
    await look.reached;
    assert.match((await history()).at(-1) ?? '', /^ {7}now +\d+ s {2}checking that it is ready$/);
    await run(['cancel', sid]);
    await run(['wait', sid]);
    const lines = words(await history());
    assert.ok(lines.includes('cancellation requested'));
    assert.equal(lines.at(-1), 'cancelled');
    look.release();
  });

  test('of an encrypted start shows what can be read without the key', async () => {
    const key = createSecretKey(randomBytes(32));
    const { connection } = temporal.env.client;
    const client = new Client({
      connection,
      namespace: temporal.namespace,
      dataConverter: dataConverterFor(new Map([['k1', key]])),
    });
    await new NestedConversations(client, { taskQueue: 'nobody-polls' }).start(inputFor(server.url, { sid }));
    await client.workflow.getHandle(workflowIdOf(sid)).terminate('enough');
    const lines = words(await history());
    assert.match(lines[0] ?? '', /^started for \(can't be read: a payload is encrypted with key 'k1'/);
    assert.match(lines.at(-1) ?? '', /^terminated by .*: enough$/);
  });

  test('as JSON includes the time of each event', async () => {
    await run(['start', ...complete(), '--wait']);
    const { events } = printed(await run(['history', sid, '--json'])) as { events: { at: string; told: string }[] };
    assert.equal(events.at(-1)?.told, 'ready (RUNNING) after 1 look');
    assert.ok(events.every(({ at }) => new Date(at).toISOString() === at));
  });
});

test('text written by other clients cannot begin a new line', async () => {
  const foreign = 'ada\r\nFAKE: ready\u2028FAKE';
  await temporal.env.client.workflow.start('createNestedConversation', {
    workflowId: workflowIdOf(sid),
    taskQueue: 'of nobody\nFAKE: ready',
    args: [inputFor(server.url, { sid })],
    memo: { userId: foreign, apiUrl: foreign, server: foreign },
  });
  const commands = [['history', sid], ['status', sid], ['wait', sid, '--timeout', '7 seconds'], ['list']];
  const ended = await Promise.all(commands.map((args) => run(args)));
  for (const [index, { stdout, stderr }] of ended.entries()) {
    assert(stdout.includes('FAKE') || stderr.includes('FAKE'), `${commands[index]}: ${stdout}${stderr}`);
    assert.doesNotMatch(stdout + stderr, /^FAKE/m);
  }
  await temporal.env.client.workflow.getHandle(workflowIdOf(sid)).terminate();
});

describe('cancel', () => {
  test('ends a start and reports it to whoever is waiting', async () => {
    server.script(sid, { agent: 'dead' });
    const waiting = run(['start', ...complete(), ...inAMoment, '--wait']);
    await server.received(`GET /api/conversations/${sid}/events`, 3);
    const { exitCode, stdout } = await run(['cancel', sid]);
    assert.match(stdout, /^requested cancellation of the start of conv-\S+ \(run /);
    assert.equal(exitCode, 0);
    const { exitCode: waitingExitCode, stderr } = await waiting;
    assert.match(stderr, new RegExp(`\nnested-conversation: The start of ${sid} was cancelled\n$`));
    assert.equal(waitingExitCode, exitCodes.failed);
  });
});

describe('an error:', () => {
  interface Mishap {
    readonly name: string;
    readonly args: () => readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string;
    readonly exitCode: number;
    readonly type: string;
    readonly message: RegExp;
  }

  const mishaps: Mishap[] = [
    {
      name: 'an unknown option',
      args: () => ['start', '--nope'],
      exitCode: exitCodes.usage,
      type: 'UsageError',
      message: /^unknown option '--nope' \(see --help\)$/,
    },
    {
      name: 'a missing argument',
      args: () => ['status'],
      exitCode: exitCodes.usage,
      type: 'UsageError',
      message: /^missing required argument 'sid'/,
    },
    {
      name: 'an invalid input',
      args: () => ['start', '--sid', 'a/b', '--maximum-attempts', 'many'],
      exitCode: exitCodes.usage,
      type: 'InvalidInput',
      message:
        /^--api-url is missing.*[;\n].*--sid must not .*[;\n].*--user-id is missing.*[;\n].*--maximum-attempts must be a number$/s,
    },
    {
      name: 'an input file that does not exist',
      args: () => ['start', '--input', join(folder, 'missing.json')],
      exitCode: exitCodes.usage,
      type: 'InvalidInput',
      message: /missing\.json can't be read: ENOENT/,
    },
    {
      name: 'a replay file that does not exist',
      args: () => ['start', ...complete(), '--replay-file', join(folder, 'missing.json')],
      exitCode: exitCodes.usage,
      type: 'InvalidInput',
      message: /missing\.json can't be read: ENOENT/,
    },
    {
      name: 'an input that is not JSON',
      args: () => ['start', '--input', '-'],
      input: '{"sid":',
      exitCode: exitCodes.usage,
      type: 'InvalidInput',
      message: /^--input \(standard input\) is not JSON$/,
    },
    {
      name: 'an input that is not an object',
      args: () => ['start', '--input', '-'],
      input: '[]',
      exitCode: exitCodes.usage,
      type: 'InvalidInput',
      message: /^--input \(standard input\) must contain a JSON object$/,
    },
    {
      name: 'the status of a conversation that was never started',
      args: () => ['status', sid],
      exitCode: exitCodes.notFound,
      type: 'ConversationNotFoundError',
      message: /^Temporal has no start of conversation conv-/,
    },
    {
      name: 'the history of a conversation that was never started',
      args: () => ['history', sid],
      exitCode: exitCodes.notFound,
      type: 'ConversationNotFoundError',
      message: /^Temporal has no start of conversation conv-/,
    },
    {
      name: 'a cancellation of a conversation that was never started',
      args: () => ['cancel', sid],
      exitCode: exitCodes.notFound,
      type: 'ConversationNotFoundError',
      message: /^Temporal has no start of conversation conv-/,
    },
    {
      name: 'a TEMPORAL_ADDRESS where nothing listens',
      args: () => ['status', sid],
      env: { TEMPORAL_ADDRESS: '127.0.0.1:1' },
      exitCode: exitCodes.unreachable,
      type: 'TemporalUnreachableError',
      message: /^can't reach Temporal at 127\.0\.0\.1:1 \(TEMPORAL_ADDRESS\): /,
    },
    {
      name: 'an invalid TEMPORAL_ADDRESS',
      args: () => ['status', sid],
      env: { TEMPORAL_ADDRESS: 'http://localhost' },
      exitCode: exitCodes.failed,
      type: 'ConfigError',
      message: /^TEMPORAL_ADDRESS must be host:port/,
    },
    {
      name: 'a Temporal server on another machine without an encryption key',
      args: () => ['start', ...complete()],
      env: { TEMPORAL_ADDRESS: 'temporal.example.com:7233' },
      exitCode: exitCodes.failed,
      type: 'ConfigError',
      message: /^Temporal at temporal\.example\.com:7233 would be sent .* unencrypted: set PAYLOAD_ENCRYPTION_KEYS/,
    },
    ...namespaceCommands.map((command) => ({
      name: `${command} in a namespace that does not exist`,
      args: () => [command, ...(command === 'start' ? complete() : command in withoutSid ? [] : [sid])],
      env: { TEMPORAL_NAMESPACE: 'nowhere' },
      exitCode: exitCodes.unreachable,
      type: 'NamespaceNotFoundError',
      message: /^Namespace not found: 'nowhere'$/,
    })),
    {
      name: 'a TEMPORAL_TLS that is neither true nor false',
      args: () => ['status', sid],
      env: { TEMPORAL_TLS: 'maybe' },
      exitCode: exitCodes.failed,
      type: 'ConfigError',
      message: /^TEMPORAL_TLS must be true or false, but is 'maybe'$/,
    },
  ];

  for (const { name, args, env = {}, input = '', exitCode, type, message } of mishaps) {
    test(`${name} prints one line or one JSON object and exits with ${exitCode}`, async () => {
      const [text, json] = await Promise.all([run(args(), { env, input }), run([...args(), '--json'], { env, input })]);
      // One line per problem.
      assert.match(text.stderr, /^(nested-conversation: [^\n]+\n)+$/);
      assert.match(text.stderr.replaceAll('nested-conversation: ', '').trimEnd(), message);
      assert.equal(text.stdout, '');
      const { error } = printed(json) as { error: { type: string; message: string } };
      assert.equal(error.type, type);
      assert.match(error.message, message);
      assert.deepEqual([text.exitCode, json.exitCode], [exitCode, exitCode]);
    });
  }

  test('a start that fails reports its details as JSON', async () => {
    server.options.settings = 'missing';
    const { exitCode, stdout, stderr } = await run(['start', ...complete(), '--wait', '--json']);
    const { error } = JSON.parse(stdout);
    assert.deepEqual(
      { type: error.type, msgId: error.details.msgId },
      { type: 'ConversationRejected', msgId: 'CONFIGURATION$SETTINGS_NOT_FOUND' },
    );
    assert.match(stderr, / s {2}failed\n$/);
    assert.equal(exitCode, exitCodes.failed);
  });

  test("another user's conversation is rejected", async () => {
    await run(['start', ...complete(), '--wait']);
    const { exitCode, stderr } = await run(['start', ...complete(), '--user-id', 'bob']);
    assert.match(stderr, /^nested-conversation: Conversation conv-\S+ .*: use another sid\n$/);
    assert.equal(exitCode, exitCodes.taken);
  });
});

describe('--help', () => {
  test('describes the commands, the environment and the exit codes', async () => {
    const { exitCode, stdout } = await run(['--help']);
    for (const word of [
      'start',
      'wait',
      'status',
      'cancel',
      'TEMPORAL_ADDRESS',
      ...Object.values(exitCodes).map(String),
    ]) {
      assert.match(stdout, new RegExp(`\\b${word}\\b`));
    }
    assert.equal(exitCode, 0);
  });

  for (const command of buildProgram().commands) {
    test(`of ${command.name()} has examples that parse`, async () => {
      const { stdout } = await run([command.name(), '--help']);
      const examples = stdout.match(/(?<=\n {2}|<\()nested-conversation [^\n#|)]+/g) ?? [];
      assert.ok(examples.length > 0, stdout);
      for (const example of examples) {
        const program = buildProgram().exitOverride();
        for (const each of program.commands) each.exitOverride().action(() => undefined);
        const words = example.match(/'[^']*'|\S+/g) ?? [];
        program.parse(words.slice(1), { from: 'user' });
      }
    });
  }
});

/** The body of the one POST that created the conversation. */
async function posted(): Promise<Record<string, unknown>> {
  const posts = server.requests.filter(({ method, path }) => method === 'POST' && path === '/api/conversations');
  assert.equal(posts.length, 1);
  return posts[0]?.body as Record<string, unknown>;
}
