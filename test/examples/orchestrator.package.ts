import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { workflowIdOf } from '../../contract/names.js';
import { runCommand } from '../../dev-stack/run-command.js';
import { atEndOf, folderFor, forFile, standInForFile, testFile } from '../harness/fixtures.js';
import { install, pack, root } from '../harness/packed.js';
import { startDevServer } from '../harness/temporal.js';

/** `examples/orchestrator`, for a user who has installed the package in a folder of their own. */

const temporal = await forFile(startDevServer());
const server = await standInForFile({ settings: 'missing' });
const folder = await folderFor(testFile);
await cp(join(root, 'examples/orchestrator'), folder, { recursive: true });
const { filename } = await pack(folder);
const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
manifest.dependencies['nested-conversations'] = `file:./${filename}`;
await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
await runCommand('npm', install, { cwd: folder });
await runCommand('npx', ['tsc'], { cwd: folder });

const worker = spawn(process.execPath, ['dist/worker.js'], {
  cwd: folder,
  env: { PATH: process.env.PATH, ...temporal.variables, NESTED_SERVER_URL: server.url },
  stdio: ['ignore', 'pipe', 'ignore'],
});
const workerEnded = once(worker, 'exit');
atEndOf(testFile, () => {
  worker.kill();
  return workerEnded;
});
let printed = '';
worker.stdout.setEncoding('utf8').on('data', (text: string) => {
  printed += text;
});
await workerPrints('worker on task queue');

/** Resolves once the worker has printed this. */
async function workerPrints(text: string): Promise<void> {
  while (!printed.includes(text)) {
    assert.equal(worker.exitCode, null, `The worker ended before it printed '${text}'`);
    await Promise.race([once(worker.stdout, 'data'), workerEnded]);
  }
}

/** The output of `npm run open`. */
async function open(sid: string, message: string): Promise<unknown> {
  const env = temporal.variables;
  const command = `node dist/open-workspace.js ${sid} '${message}' || true`;
  return JSON.parse(await runCommand('sh', ['-c', command], { cwd: folder, env }));
}

test('opens a workspace with its conversation as a child workflow', async () => {
  assert.deepEqual(await open('conv1', 'Fix the build'), { conversationId: 'conv1', apiUrl: server.url });
  assert.deepEqual(server.conversation('conv1').messagesSeenByModel, ['Fix the build']);
  const { parentExecution } = await temporal.env.client.workflow.getHandle(workflowIdOf('conv1')).describe();
  assert.equal(parentExecution?.workflowId, 'workspace-conv1');
});

test('attaches if opened again with the same message, and fails with another', async () => {
  assert.deepEqual(await open('conv2', 'Fix the build'), { conversationId: 'conv2', apiUrl: server.url });
  assert.deepEqual(await open('conv2', 'Fix the build'), { conversationId: 'conv2', apiUrl: server.url });
  const refused = (await open('conv2', 'Fix the tests')) as { type: string; message: string };
  assert.equal(refused.type, 'MessageNotSentError');
  assert.match(refused.message, /not sent to conv2/);
  assert.deepEqual(server.conversation('conv2').messagesSeenByModel, ['Fix the build']);
  assert.doesNotMatch(printed, /released runtime-conv2/);
});

test('releases the runtime of a conversation that fails and reports why it failed', async () => {
  server.script('conv3', { agent: 'errors', errorReason: 'out of credit' });
  const failed = (await open('conv3', 'Fix the build')) as { type: string; message: string };
  assert.equal(failed.type, 'ConversationFailed');
  assert.match(failed.message, /out of credit/);
  await workerPrints('released runtime-conv3');
});
