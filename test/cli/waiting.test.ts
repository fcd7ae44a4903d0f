import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { exitCodes } from '../../cli/exit-codes.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import { registerSearchAttributes } from '../../client/search-attributes.js';
import { workflowIdOf } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { type Ended, type ProgramOptions, startProgram } from '../../dev-stack/programs.js';
import { folderFor, forFile } from '../harness/fixtures.js';
import { server } from '../harness/openhands-for-each-test.js';
import { startDevServer } from '../harness/temporal.js';

/** The command line and existing starts: waiting for them, watching them, and attaching to them. */

let sid: string;

const temporal = await forFile(startDevServer());
await registerSearchAttributes(temporal.env.client);
beforeEach(() => {
  sid = `conv-${randomUUID()}`;
});

const begin = (args: readonly string[], { env, input }: Omit<ProgramOptions, 'args'> = {}) =>
  startProgram('cli/main.js', {
    args,
    env: { ...temporal.variables, ...env },
    ...(input && { input }),
  });
const run = (args: readonly string[], options: Omit<ProgramOptions, 'args'> = {}): Promise<Ended> =>
  begin(args, options).ended;
const complete = () => ['--api-url', server.url, '--sid', sid, '--user-id', 'ada', '--message', 'Fix the build'];
const conversations = () => new NestedConversations(temporal.env.client);
const started = () => conversations().start(inputFor(server.url, { sid }));
const ready = () => conversations().ensureReady(inputFor(server.url, { sid }));
const holdCreate = () => server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'delay-until' } });

describe('wait', () => {
  test('waits for an existing start, with progress on standard error', async () => {
    const post = holdCreate();
    await started();
    const waiting = begin(['wait', sid]);
    await waiting.reported('creating the conversation');
    post.release();
    const { exitCode, stdout, stderr } = await waiting.ended;
    assert.equal(stdout, `${sid} is ready (RUNNING) after 1 look\n`);
    assert.match(stderr, / {2}\d s {2}ready\n$/);
    assert.equal(exitCode, 0);
  });

  test('that times out says how to continue and exits with its own code', async () => {
    const post = holdCreate();
    await started();
    const { exitCode, stderr, stdout } = await run(['wait', sid, '--timeout', '1 second']);
    assert.match(
      stderr,
      new RegExp(`nested-conversation: ${sid} was not ready within 1 second: its start continues\n`),
    );
    assert.match(stderr, new RegExp(`wait for it: npx nested-conversation wait ${sid}\n`));
    assert.deepEqual([exitCode, stdout], [exitCodes.goesOn, '']);
    const json = await run(['start', ...complete(), '--wait', '--wait-timeout', '1 second', '--json']);
    assert.equal(json.exitCode, exitCodes.goesOn);
    const { error } = JSON.parse(json.stdout);
    assert.equal(error.type, 'WaitTimeoutError');
    assert.equal(error.details.status.phase, 'creating');
    post.release();
  });

  test('for a conversation that was never started is an error', async () => {
    const { exitCode, stderr } = await run(['wait', sid]);
    assert.match(stderr, /^nested-conversation: Temporal has no start of conversation conv-\S+: [^\n]+\n$/);
    assert.equal(exitCode, exitCodes.notFound);
  });

  test('that is interrupted says that the start continues, and how to follow or cancel it', async () => {
    const post = holdCreate();
    await started();
    const waiting = begin(['wait', sid]);
    await waiting.reported('creating the conversation');
    waiting.kill('SIGTERM');
    const { exitCode, stderr } = await waiting.ended;
    assert.match(stderr, new RegExp(`\nThe start of ${sid} continues\\.\n`));
    assert.match(stderr, new RegExp(`cancel it: {3}npx nested-conversation cancel ${sid}\n`));
    assert.equal(exitCode, 143);
    post.release();
    await conversations().wait(sid);
  });
});

describe('status', () => {
  test('--watch follows a start to its end and then prints its status', async () => {
    const post = holdCreate();
    await started();
    const watching = begin(['status', sid, '--watch', '--exit-status']);
    await watching.reported('creating the conversation');
    post.release();
    const { exitCode, stdout } = await watching.ended;
    assert.match(stdout, /: ready, after \d s\n {2}result {8}RUNNING after 1 look\n/);
    assert.equal(exitCode, 0);
  });

  test('--exit-status reports the phase in the exit code', async () => {
    const post = holdCreate();
    server.options.settings = 'missing';
    await started();
    await post.reached;
    assert.equal((await run(['status', sid, '--exit-status'])).exitCode, exitCodes.goesOn);
    assert.equal((await run(['status', sid])).exitCode, 0);
    post.release();
    const { exitCode, stdout } = await run(['status', sid, '--watch', '--exit-status']);
    assert.match(stdout, /: failed, after/);
    assert.equal(exitCode, exitCodes.failed);
  });

  test('accepts every id that start prints', async () => {
    const { stdout } = await run(['start', ...complete()]);
    const [, workflowId = '', runId = ''] = /workflow (\S+), run (\S+)/.exec(stdout) ?? [];
    assert.equal(workflowId, workflowIdOf(sid));
    await ready();
    for (const id of [sid, workflowId, runId]) {
      const { stdout: output, stderr } = await run(['status', id]);
      assert.ok(output.startsWith(`${sid}: ready`), `${id}: ${output}${stderr}`);
    }
  });
});

describe('a start of an existing conversation', () => {
  test('with another message is rejected with its own exit code and suggests --resume', async () => {
    await ready();
    const { exitCode, stderr, stdout } = await run(['start', ...complete(), '--message', 'Fix the tests', '--wait']);
    assert.match(stderr, /^nested-conversation: The message was not sent to conv-\S+: .*\n.*add --resume\n$/);
    assert.deepEqual([exitCode, stdout], [exitCodes.notSent, '']);
    assert.deepEqual(server.conversation(sid).messagesSeenByModel, ['Fix the build']);
  });

  test('with the same message says that it was already started', async () => {
    await ready();
    assert.match(
      (await run(['start', ...complete()])).stdout,
      /^conv-\S+ was already started \(ready\): workflow \S+, run \S+\n {2}show it: npx nested-conversation status \S+\n$/,
    );
    const { stdout } = await run(['start', ...complete(), '--wait']);
    assert.equal(stdout, `${sid} is ready (RUNNING) after 1 look; it was already started\n`);
  });
});

describe('cancel', () => {
  test('says that it asked the start to end', async () => {
    const post = holdCreate();
    await started();
    const { stdout } = await run(['cancel', sid]);
    assert.match(
      stdout,
      /^requested cancellation of the start of conv-\S+ \(run \S+\)\n {2}watch it end: npx nested-conversation status/,
    );
    post.release();
  });

  test('says that there was nothing to cancel', async () => {
    await ready();
    const { exitCode, stdout } = await run(['cancel', sid]);
    assert.match(stdout, /^cancelled nothing: the start of conv-\S+ had already ended: ready \(run \S+\)\n$/);
    assert.equal(exitCode, 0);
  });
});

describe('the command line', () => {
  test('accepts the Temporal address and namespace as options before and after the command', async () => {
    const { address } = temporal.env;
    const env = { TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPORAL_NAMESPACE: 'nowhere' };
    await ready();
    const before = await run(['--address', address, '--namespace', temporal.namespace, 'status', sid], { env });
    const after = await run(['status', sid, '--address', address, '--namespace', temporal.namespace], { env });
    assert.match(before.stdout, /: ready/);
    assert.equal(after.stdout, before.stdout);
  });

  test('accepts the task queue as an option', async () => {
    await run(['start', ...complete(), '--task-queue', 'elsewhere']);
    const description = await temporal.env.client.workflow.getHandle(workflowIdOf(sid)).describe();
    assert.equal(description.taskQueue, 'elsewhere');
  });

  test('accepts a profile as an option', async (t) => {
    const file = join(await folderFor(t), 'temporal.toml');
    await writeFile(file, `[profile.mine]\naddress = "${temporal.env.address}"\nnamespace = "${temporal.namespace}"\n`);
    await ready();
    const env = { TEMPORAL_CONFIG_FILE: file };
    const { stdout } = await startProgram('cli/main.js', { args: ['status', sid, '--profile', 'mine'], env }).ended;
    assert.match(stdout, /: ready/);
  });

  test('prints its version', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
    assert.equal((await run(['--version'])).stdout, `${version}\n`);
  });

  test('rejects --timeout for a start and names the two options that replace it', async () => {
    const { exitCode, stderr } = await run(['start', ...complete(), '--timeout', '5 minutes']);
    assert.match(stderr, /^nested-conversation: --timeout is now --request-timeout; .*--wait-timeout[^\n]*\n$/);
    assert.equal(exitCode, exitCodes.usage);
  });

  test('reports a problem under the field name in --input, or under the option name', async () => {
    const input = JSON.stringify({ ...inputFor(server.url, { sid }), userId: '' });
    const { stderr } = await run(['start', '--input', '-', '--interval', '2'], { input });
    assert.match(stderr, /^nested-conversation: userId is empty\nnested-conversation: --interval is '2'[^\n]*\n$/);
  });

  test('reads an input with a byte order mark', async () => {
    const input = `\ufeff${JSON.stringify(inputFor(server.url, { sid }))}`;
    const { exitCode, stderr } = await run(['start', '--input', '-', '--wait'], { input });
    assert.equal(exitCode, 0, stderr);
  });

  test('prints no terminal escapes', async () => {
    server.script(sid, { agent: 'errors', errorReason: 'bad \u001b[31mred\u001b[0m\u0007 \u202ereversed' });
    const { stdout, stderr } = await run(['start', ...complete(), '--wait']);
    const status = await run(['status', sid]);
    for (const text of [stdout, stderr, status.stdout]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
      assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
    }
    assert.match(status.stdout, /bad .*red/);
  });
});
