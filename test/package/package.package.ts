import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { runCommand } from '../../dev-stack/run-command.js';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { folderFor, forTest, testFile } from '../harness/fixtures.js';
import { install, pack, root } from '../harness/packed.js';
import { startDevServer } from '../harness/temporal.js';

/** The package as packed by npm, installed in a project with nothing else of ours. */

const folder = await folderFor(testFile);
const packed = await pack(folder);
const run = (command: string, args: readonly string[], env = {}) => runCommand(command, args, { cwd: project, env });

const { devDependencies, peerDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const pinned = (names: readonly string[]) => names.map((name) => `${name}@${devDependencies[name]}`);
// Temporal's type declarations need those of ms.
const compilers = pinned(['typescript', '@types/node', '@types/ms']);
const ofWorker = pinned(['@temporalio/activity', '@temporalio/worker', '@temporalio/workflow']);

/** Creates a project with the files of a folder of this test, and with these packages beside the tarball. */
async function newProject(name: string, source: string, packages: readonly string[]): Promise<string> {
  const cwd = join(folder, name);
  await cp(join(root, 'test/package', source), cwd, { recursive: true });
  await writeFile(join(cwd, 'package.json'), JSON.stringify({ type: 'module' }));
  await runCommand('npm', [...install, `../${packed.filename}`, ...packages], { cwd });
  return cwd;
}

/** Runs a worker and its client. */
const project = await newProject('project', 'consumer', [...ofWorker, ...compilers]);

describe('the tarball', () => {
  test('contains what runs and nothing that only development needs', () => {
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

/** The compiler prints its errors on standard output. */
const compile = (cwd: string, module: string, target = 'es2022') =>
  runCommand(
    'sh',
    ['-c', `npx tsc --strict --module ${module} --target ${target} --types node program.ts || echo 'Not compiled'`],
    { cwd },
  );

describe('the manifest', () => {
  test('passes publint', async () => {
    const output = await runCommand('npx', ['publint', 'run', '--strict', join(folder, packed.filename)], {
      cwd: root,
    });
    assert.match(output, /All good!/);
  });

  test('leads Node.js and bundlers to the right types', async () => {
    // The package is ESM: `require` can't load it before Node.js 22.12, and `node10` resolution can't find it. See
    // docs/embedding.md.
    const args = ['attw', join(folder, packed.filename), '--profile', 'esm-only', '--format', 'ascii'];
    const output = await runCommand('npx', args, { cwd: root });
    assert.match(output, /"nested-conversations\/client"\s+node16 \(from ESM\): 🟢 \(ESM\)\s+bundler: 🟢/);
  });

  test('has all the fields that a published package needs', async () => {
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    for (const field of ['description', 'license', 'repository', 'keywords', 'engines', 'sideEffects']) {
      assert.ok(manifest[field], field);
    }
    assert.equal(manifest.private, undefined);
  });
});

describe('a service that only starts conversations', () => {
  let light: string;
  before(async () => {
    light = await newProject('light', 'light', compilers);
  });

  test('installs nothing native, no worker, no AWS SDK and no exporters', async () => {
    assert.equal(await runCommand('sh', ['-c', 'find node_modules -name "*.node"'], { cwd: light }), '');
    const installed = await runCommand('sh', ['-c', 'ls -d node_modules/@*/*'], { cwd: light });
    assert.doesNotMatch(installed, /@temporalio\/(worker|core-bridge)|@aws-sdk|@opentelemetry\/(?!api)/);
  });

  test('loads only a handful of packages', async () => {
    const output = JSON.parse(await runCommand(process.execPath, ['loaded.mjs'], { cwd: light }));
    assert.ok(output.packages.includes('@temporalio/client'));
    assert.deepEqual(
      output.packages.filter((name: string) =>
        /^(@temporalio\/(worker|core-bridge)|@aws-sdk.*|.*exporter.*|axios|pino|commander|ora)$/.test(name),
      ),
      [],
    );
  });

  for (const module of ['node16', 'nodenext', 'preserve']) {
    test(`compiles as ${module}`, async () => {
      assert.equal(await compile(light, module), '');
    });
  }

  for (const version of ['1.13.0', devDependencies['@temporalio/worker']]) {
    test(`can use its own Temporal client ${version}`, async (t) => {
      const cwd = await newProject(`client-${version}`, 'light', [...compilers, `@temporalio/client@${version}`]);
      assert.equal(await compile(cwd, 'nodenext'), '');
      const temporal = await forTest(t, startDevServer());
      const server = await forTest(t, OpenHandsStandIn.listen());
      const env = temporal.variables;
      const output = JSON.parse(await runCommand(process.execPath, ['program.js', server.url, 'own'], { cwd, env }));
      assert.deepEqual(output, {
        attached: false,
        attempts: 1,
        refused: 'MessageNotSentError',
        listed: ['own ready'],
        resumed: false,
        phase: 'ready',
      });
    });
  }

  test('has a command line with a doctor that names the packages a worker needs', async () => {
    assert.match(await runCommand('npx', ['nested-conversation', '--help'], { cwd: light }), /^Usage: /);
    const doctor = await runCommand(
      'sh',
      ['-c', 'npx nested-conversation doctor --api-url http://127.0.0.1:9 2>&1 || true'],
      { cwd: light },
    );
    assert.match(doctor, /✔ settings .*\n✖ nested server +.*connection refused/s);
    const worker = await runCommand('sh', ['-c', 'npx nested-conversation-worker 2>&1 || true'], { cwd: light });
    assert.match(worker, /^nested-conversation-worker: a worker needs more: npm install @temporalio\/worker /);
  });

  test('depends on a range of Temporal clients', () => {
    assert.equal(peerDependencies['@temporalio/client'], '^1.13.0');
  });
});

describe('an installed package', () => {
  test('has declarations that compile in strict mode', async () => {
    assert.equal(await compile(project, 'nodenext'), '');
  });

  test('makes conversations ready and throws instances of its error classes', async (t) => {
    const temporal = await forTest(t, startDevServer());
    const server = await forTest(t, OpenHandsStandIn.listen());
    server.script('dead', { agent: 'dead' });
    const env = { ...temporal.variables, TEMPORAL_TASK_QUEUE: 'package' };
    const output = await run(process.execPath, ['program.js', server.url, 'dead'], env);
    const { ready, ...others } = JSON.parse(output);
    assert.deepEqual([ready.conversationId, ready.status, ready.attempts], ['packed', 'RUNNING', 1]);
    assert.deepEqual(others, {
      readyOnOwnWorker: { conversationId: 'own', status: 'RUNNING', attempts: 1 },
      isNotReadyError: true,
      described: '2 looks: RUNNING (agent loading)',
    });
  });

  test('has the command line', async () => {
    assert.match(await run('npx', ['nested-conversation', '--help']), /^Usage: nested-conversation /);
  });

  test('exports nothing but its entry points', async () => {
    const script = "await import('nested-conversations/dist/config/worker.js')";
    await assert.rejects(run(process.execPath, ['--input-type=module', '-e', script]), /ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });
});
