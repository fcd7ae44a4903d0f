import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities } from '../../activities/activities.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { workflowIdOf } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { AgentServerStandIn } from '../../dev-stack/stand-ins/agent-server-stand-in.js';
import type { Injection } from '../../dev-stack/stand-ins/faults.js';
import { failureOf } from '../harness/failure-of.js';
import { forFile } from '../harness/fixtures.js';
import { GitServer } from '../harness/git-server.js';
import { recordedActivities } from '../harness/history.js';
import { needPrograms } from '../harness/needs.js';
import { run, start } from '../harness/start.js';
import { startDevServer } from '../harness/temporal.js';

needPrograms({ git: 'git' });

const token = 'gT7x4Qm9LkZw2';
const bash = '/api/bash/execute_bash_command';

let server: AgentServerStandIn;
let git: GitServer;
let repository: string;

const temporal = await forFile(startDevServer());
beforeEach(async () => {
  server = await AgentServerStandIn.listen();
  git = await GitServer.start({ token });
  repository = await git.create('ada/engine', {
    main: { 'README.md': 'An engine' },
    script: { '.openhands/setup.sh': 'echo ran >>../ran', '.openhands/pre-commit.sh': 'echo checked >>../checked' },
    failing: { '.openhands/setup.sh': `echo "a bad day for ${token}" >&2; exit 3` },
    endless: { '.openhands/setup.sh': 'touch ../begun; sleep 600; touch ../ended' },
    waiting: {
      '.openhands/setup.sh':
        'touch ../begun; for _ in $(seq 99); do [ ! -e ../go ] || break; sleep 0.1; done; echo ran >>../ran',
    },
    leaving: { '.openhands/setup.sh': 'sleep 60 & echo left' },
    loud: { '.openhands/setup.sh': 'yes "a line of output" | head -c 3000000; echo "the end"; exit 1' },
  });
});
afterEach(async () => {
  await server.close();
  await git.stop();
});

function preparing(settings: object = {}, more: Partial<CreateNestedConversationInput> = {}) {
  const agent = { agentSettings: { llm: { model: 'm' } }, providerTokens: { github: { token } } };
  return inputFor(server.url, {
    server: 'agent-server',
    sid: randomUUID(),
    settings: { ...agent, repository, gitProvider: 'github', ...settings },
    ...more,
  });
}

const workingDir = ({ sid }: { sid: string }) => join(server.sandbox.folder, 'workspace', sid);
const inCheckout = (input: { sid: string }, ...args: string[]) =>
  execFileSync('git', args, { cwd: workingDir(input), encoding: 'utf8' }).trim();
const beside = (name: string) => join(server.sandbox.folder, 'workspace', name);
const linesOf = (name: string) =>
  existsSync(beside(name)) ? readFileSync(beside(name), 'utf8').split('\n').slice(0, -1) : [];

const typesOf = async (handle: WorkflowHandle) => (await recordedActivities(handle)).map(({ type }) => type);

describe('a start with a repository', () => {
  test('prepares it before the conversation is created there', async () => {
    const input = preparing();
    const handle = await start(temporal, input);
    await handle.result();
    assert.deepEqual(await typesOf(handle), ['prepareWorkspace', 'createConversation', 'checkConversationReady']);
    assert.equal(
      inCheckout(input, 'status', '--porcelain', '--branch'),
      `## openhands-workspace-${input.sid.slice(0, 8)}`,
    );
    assert.equal(inCheckout(input, 'log', '--format=%s'), 'begin main');
    assert.equal(server.conversation(input.sid).request.workspace.working_dir, `workspace/${input.sid}`);
  });

  test('checks out the requested branch, runs its setup script and installs its hook', async () => {
    const input = preparing({ selectedBranch: 'script' });
    await run(temporal, input);
    assert.equal(inCheckout(input, 'status', '--porcelain', '--branch'), '## script...origin/script');
    assert.deepEqual(linesOf('ran'), ['ran']);
    const ada = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
    inCheckout(input, ...ada, 'commit', '-q', '--allow-empty', '-m', 'more');
    assert.deepEqual(linesOf('checked'), ['checked']);
  });

  test('keeps an existing hook', async () => {
    const input = preparing({ selectedBranch: 'script' });
    mkdirSync(workingDir(input), { recursive: true });
    inCheckout(input, 'init', '-q');
    writeFileSync(join(workingDir(input), '.git/hooks/pre-commit'), '#!/bin/sh\necho own >>../checked', {
      mode: 0o755,
    });
    await run(temporal, input);
    const ada = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
    inCheckout(input, ...ada, 'commit', '-q', '--allow-empty', '-m', 'more');
    assert.deepEqual(linesOf('checked'), ['own', 'checked']);
  });

  test('keeps the work of an earlier conversation and does not run the script again', async () => {
    const input = preparing({ selectedBranch: 'script' });
    await run(temporal, input);
    writeFileSync(join(workingDir(input), 'README.md'), 'Changed');
    await run(temporal, input);
    assert.equal(readFileSync(join(workingDir(input), 'README.md'), 'utf8'), 'Changed');
    assert.deepEqual(linesOf('ran'), ['ran']);
  });

  test('uses an existing checkout of the same repository', async () => {
    const input = preparing();
    const withUser = repository.replace('://', `://ada:${token}@`).replace(/\.git$/, '');
    mkdirSync(beside('.'), { recursive: true });
    await promisify(execFile)('git', ['clone', '-q', withUser, workingDir(input)]);
    await run(temporal, input);
    assert.equal(inCheckout(input, 'symbolic-ref', '--short', 'HEAD'), 'main');
  });

  test('does not wait for background processes of its setup script', async () => {
    await run(temporal, preparing({ selectedBranch: 'leaving' }));
  });
});

test('a conversation is not created if its repository was not prepared', async () => {
  const activities = createActivities();
  const failure = await new MockActivityEnvironment()
    .run(activities.createConversation, { input: preparing() })
    .catch((error: unknown) => error);
  assert(failure instanceof ApplicationFailure);
  assert.equal(failure.type, 'InvalidInput');
  assert.match(failure.message, /^settings\.repository is not in the workspace/);
  assert.equal(server.requestCount, 0);
});

describe('a start fails if its repository', () => {
  const failing: [what: string, settings: object, reason: RegExp][] = [
    ['has no such branch', { selectedBranch: 'nope' }, /preparing repository .*: the repository has no branch nope$/],
    ['rejects the token', { providerTokens: { github: 'wrong' } }, /Authentication failed/],
    [
      'has a script that fails',
      { selectedBranch: 'failing' },
      /running setup script failed with exit code 3: a bad day for \*\*\*$/,
    ],
    [
      'has a script that fails after a lot of output',
      { selectedBranch: 'loud' },
      /running setup script failed with exit code 1: .*the end$/,
    ],
  ];
  for (const [what, settings, reason] of failing) {
    test(`${what}, with the step and the end of its output`, async () => {
      const handle = await start(temporal, preparing(settings));
      const failure = await failureOf(handle.result());
      assert.equal(failure.type, 'ConversationFailed');
      assert.match((failure.details as [{ reason: string }])[0].reason, reason);
      assert.deepEqual(await typesOf(handle), ['prepareWorkspace']);
    });
  }

  test('would go into a folder with other files', async () => {
    const input = preparing();
    mkdirSync(workingDir(input), { recursive: true });
    writeFileSync(join(workingDir(input), 'thesis.txt'), 'mine');
    const failure = await failureOf(run(temporal, input));
    assert.match(failure.message, /preparing repository: the working directory is not empty/);
    assert.deepEqual(
      [failure.type, readFileSync(join(workingDir(input), 'thesis.txt'), 'utf8')],
      ['ConversationFailed', 'mine'],
    );
  });

  test('would go into a folder in which Git does not work', async () => {
    const input = preparing();
    mkdirSync(workingDir(input), { recursive: true });
    writeFileSync(join(workingDir(input), '.git'), 'gitdir: /nowhere');
    const { prepareWorkspace } = createActivities();
    const failure = await failureOf(new MockActivityEnvironment().run(prepareWorkspace, { input }));
    assert.equal(failure.type, 'ConversationFailed');
    assert.match(failure.message, /can't be prepared: preparing repository: fatal: not a git repository: \/nowhere$/);
  });

  test('would go into a checkout of another repository', async () => {
    const input = preparing();
    mkdirSync(workingDir(input), { recursive: true });
    inCheckout(input, 'init', '-q');
    inCheckout(input, 'remote', 'add', 'origin', 'https://github.com/octo/cat');
    writeFileSync(join(workingDir(input), 'README.md'), 'mine');
    const failure = await failureOf(run(temporal, input));
    assert.match(failure.message, /the working directory is a checkout of another repository/);
  });

  test('has a script that times out, which is killed', async () => {
    const input = preparing({ selectedBranch: 'endless' }, { preparation: { setupTimeout: '1 second' } });
    const failure = await failureOf(run(temporal, input));
    assert.match(failure.message, /running setup script took longer than 1 seconds/);
    assert.equal(existsSync(beside('ended')), false);
  });

  test('has no such branch, and can be corrected under the same id', async () => {
    const input = preparing({ selectedBranch: 'nope' });
    await failureOf(run(temporal, input));
    await run(temporal, { ...input, settings: { ...input.settings, selectedBranch: 'script' } });
    assert.equal(inCheckout(input, 'symbolic-ref', '--short', 'HEAD'), 'script');
  });

  test('would be lost in a container per conversation', async () => {
    server.options.conversationRuntime = 'docker';
    const failure = await failureOf(run(temporal, preparing()));
    assert.equal(failure.type, 'ConversationRejected');
    assert.match(failure.message, /container once it is created/);
    assert.equal(server.count(`POST ${bash}`), 0);
  });
});

describe('a preparation that is disturbed by', () => {
  // Each of the activity's requests: observe, token file, start, and so on.
  for (const number of [0, 1, 2, 3]) {
    for (const fault of [{ kind: 'lose-answer' }, { kind: 'refuse' }] satisfies Injection['fault'][]) {
      test(`${fault.kind} at command ${number + 1} ends in one clean checkout, its script run once`, async () => {
        server.inject({ method: 'POST', path: bash, after: number, fault });
        const input = preparing({ selectedBranch: 'script' });
        await run(temporal, input);
        assert.equal(inCheckout(input, 'status', '--porcelain', '--branch'), '## script...origin/script');
        assert.deepEqual(linesOf('ran'), ['ran']);
      });
    }
  }

  test('a proxy that fails while its script runs goes on in the same attempt', async () => {
    const { prepareWorkspace } = createActivities();
    const preparation = new MockActivityEnvironment().run(prepareWorkspace, {
      input: preparing({ selectedBranch: 'waiting' }),
    });
    while (!existsSync(beside('begun'))) await sleep(50);
    const before = () => injected.hits === 2 && writeFileSync(beside('go'), '');
    const injected = server.inject({ path: bash, times: 3, before, fault: { kind: 'answer', status: 502 } });
    await preparation;
    assert.deepEqual([injected.hits, linesOf('ran')], [3, ['ran']]);
  });

  test('a sandbox that kills the checkout halfway ends in one clean checkout', async () => {
    const input = preparing({ selectedBranch: 'script' });
    let kills = 0;
    git.beforePack = async () => {
      if (kills++ > 0) return;
      // Like a sandbox that goes down: nothing of the job is left, and there is no exit code.
      const job = join(workingDir(input), '.git/nested-conversations', input.sid, 'checkout');
      writeFileSync(join(workingDir(input), 'half-written'), '');
      writeFileSync(join(workingDir(input), '.git/index.lock'), '');
      const leader = Number(readFileSync(join(job, 'pid'), 'utf8'));
      const runner = Number(readFileSync(`/proc/${leader}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]);
      process.kill(runner, 'SIGKILL');
      process.kill(-leader, 'SIGKILL');
    };
    await run(temporal, input);
    assert.equal(kills > 1, true);
    assert.equal(inCheckout(input, 'status', '--porcelain', '--branch'), '## script...origin/script');
    assert.deepEqual(linesOf('ran'), ['ran']);
  });

  test('a cancellation ends its script', async () => {
    const conversations = new NestedConversations(temporal.env.client);
    const input = preparing({ selectedBranch: 'endless' });
    await conversations.start(input);
    while (!existsSync(beside('begun'))) await sleep(50);
    while ((await conversations.status(input.sid)).phase !== 'running setup script') await sleep(100);
    await conversations.cancel(input.sid);
    const job = join(workingDir(input), '.git/nested-conversations', input.sid, 'setup');
    await assert.rejects(temporal.env.client.workflow.getHandle(workflowIdOf(input.sid)).result(), {
      name: 'WorkflowFailedError',
    });
    assert.notEqual(readFileSync(join(job, 'exit'), 'utf8').trim(), '0');
    assert.equal(existsSync(beside('ended')), false);
  });
});

describe('the token of a repository', () => {
  test('appears in no command, URL, file, log or failure', async () => {
    const input = preparing({ selectedBranch: 'failing' });
    const failure = await failureOf(run(temporal, input));
    const encoded = Buffer.from(`x-access-token:${token}`).toString('base64');
    const commands = server.requests.filter(({ path }) => path === bash).map(({ body }) => JSON.stringify(body));
    const visible = [...commands, ...server.requests.map(({ path }) => path), JSON.stringify(failure), failure.message];
    for (const secret of [token, encoded]) {
      assert.deepEqual(
        visible.filter((text) => text.includes(secret)),
        [],
      );
      const found = execFileSync('sh', [
        '-c',
        `grep -rlF "$1" "$2/workspace/$3/.git" /dev/shm || true`,
        'sh',
        secret,
        server.sandbox.folder,
        input.sid,
      ]);
      // Only in the log of its own job, because the script has printed it itself.
      assert.match(found.toString(), /^(\S+\/setup\/log\n)*$/);
    }
    assert.equal(server.requests.filter(({ path }) => path.startsWith('/api/file/upload')).length, 1);
  });
});
