import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../dev-stack/run-command.js';
import { startDevServer } from '../harness/temporal.js';
import { OpenHandsStandIn } from '../nested-server/openhands-stand-in.js';

/** The package as npm packs it, installed into a project that has nothing else of ours. */

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What `npm pack --json` tells. */
interface Packed {
  readonly filename: string;
  /** In bytes, as a tarball. */
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

let project: string;
let packed: Packed;
const run = (command: string, args: readonly string[], env = {}) => runCommand(command, args, { cwd: project, env });

before(async () => {
  project = await mkdtemp(join(tmpdir(), 'nested-conversations-package-'));
  // The build is there: this test is part of it.
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', project];
  [packed] = JSON.parse(await runCommand('npm', pack, { cwd: root }));

  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  // Temporal's own declarations need those of ms.
  const compilers = ['typescript', '@types/node', '@types/ms'].map((name) => `${name}@${devDependencies[name]}`);
  await cp(join(root, 'test/package/consumer'), project, { recursive: true });
  await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
  const install = ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await run('npm', [...install, `./${packed.filename}`, ...compilers]);
});
after(() => rm(project, { recursive: true, force: true }));

describe('the tarball', () => {
  test('holds what runs, and nothing that only development needs', () => {
    const paths = packed.files.map(({ path }) => path);
    assert.deepEqual(
      ['README.md', 'LICENSE', 'dist/workflow-bundle.js', 'dist/workflow-bundle.encoded-failures.js'].filter(
        (path) => !paths.includes(path),
      ),
      [],
    );
    const outside = /^(README\.md|LICENSE|package\.json|dist\/.+\.(c?js|d\.c?ts))$/;
    assert.deepEqual(
      paths.filter((path) => !outside.test(path) || /\b(test|dev-stack|bench)\b/.test(path)),
      [],
    );
  });

  test('is less than 2 MB', () => {
    assert.ok(packed.size < 2_000_000, `${packed.size} bytes`);
  });
});

describe('an installed package', () => {
  test('compiles against its declarations, strictly', async () => {
    const tsc = "npx tsc --strict --module nodenext --target es2022 --types node program.ts || echo 'Not compiled'";
    assert.equal(await run('sh', ['-c', tsc]), '');
  });

  test('brings conversations to ready, and its errors are instances of its classes', async () => {
    const temporal = await startDevServer();
    const server = await OpenHandsStandIn.listen();
    server.script('dead', { agent: 'dead' });
    try {
      const env = { TEMPORAL_ADDRESS: temporal.env.address, TEMPORAL_TASK_QUEUE: 'package' };
      const told = await run(process.execPath, ['program.js', server.url, 'dead'], env);
      const { ready, ...others } = JSON.parse(told);
      assert.deepEqual([ready.conversationId, ready.status, ready.attempts], ['packed', 'RUNNING', 1]);
      assert.deepEqual(others, {
        readyOnOwnWorker: { conversationId: 'own', status: 'RUNNING', attempts: 1 },
        isNotReadyError: true,
        described: '2 looks: RUNNING (agent loading)',
      });
    } finally {
      await server.close();
      await temporal.stop();
    }
  });

  test('has the command line', async () => {
    assert.match(await run('npx', ['nested-conversation', '--help']), /^Usage: nested-conversation /);
  });

  test('shows nothing beside its entries', async () => {
    const script = "await import('nested-conversations/dist/worker/config.js')";
    await assert.rejects(run(process.execPath, ['--input-type=module', '-e', script]), /ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });
});
