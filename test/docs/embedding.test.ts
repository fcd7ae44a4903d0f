import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { runCommand } from '../../dev-stack/run-command.js';
import { atEndOf, forFile, standInForFile, startProgramFor, testFile } from '../harness/fixtures.js';
import { root } from '../harness/packed.js';
import { startDevServer } from '../harness/temporal.js';

/** Compiles the TypeScript of `docs/embedding.md` and runs its worker. */

const page = await readFile(join(root, 'docs/embedding.md'), 'utf8');
const blocksOf = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, block = '']) => block);

/** Inside the package, where it can be imported by its own name. */
const folder = join(root, 'dist/embedding-page');

/** The declarations that a block uses from its surrounding service. */
const surroundings = `
declare const input: import('nested-conversations/contract').CreateNestedConversationInput;
declare const taskQueue: string;
declare const address: string;
declare const key: string;
`;

const compilerOptions = {
  target: 'es2022',
  module: 'nodenext',
  moduleDetection: 'force',
  types: ['node'],
  strict: true,
  skipLibCheck: true,
};

/** The blocks by the file name in their first line. A block without a name is a file of its own. */
function filesOf(blocks: readonly string[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const [index, block] of blocks.entries()) {
    const [, name = `block-${index + 1}.ts`] = /^\/\/ (\S+\.ts)/.exec(block) ?? [];
    files.set(name, (files.get(name) ?? '') + block);
  }
  return files;
}

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
atEndOf(testFile, () => rm(folder, { recursive: true, force: true }));
const files = filesOf(blocksOf('ts'));
files.set('surroundings.d.ts', surroundings).set('tsconfig.json', JSON.stringify({ compilerOptions }));
for (const [name, text] of files) await writeFile(join(folder, name), text);
const compilerSays = await runCommand('sh', ['-c', `npx tsc -p ${folder} || echo 'Not compiled'`], { cwd: root });

const temporal = await forFile(startDevServer());
const server = await standInForFile();
const worker = startProgramFor(testFile, 'embedding-page/worker.js', { env: temporal.variables });

/** Runs a workflow of the page on the page's worker. */
async function run(workflowType: string, workflowId: string, input: CreateNestedConversationInput): Promise<unknown> {
  return Promise.race([
    temporal.env.client.workflow.execute(workflowType, { taskQueue: 'my-service', workflowId, args: [input] }),
    worker.ended.then(({ stderr }) => assert.fail(`The worker ended: ${stderr}`)),
  ]);
}

const inputOf = (sid: string, apiUrl: string, content: string): CreateNestedConversationInput => ({
  apiUrl,
  sid,
  userId: 'ada',
  initialUserMsg: { content },
  readiness: { interval: '1 second', maximumAttempts: 5 },
});

describe('the embedding page', () => {
  test('has code that compiles', () => {
    assert.equal(compilerSays, '');
  });

  test('shows an activity through which a second workflow attaches or resumes with its own message', async () => {
    const input = inputOf('by-activity', server.url, 'Fix the build');
    const first = (await run('openByActivity', 'first', input)) as { attached: boolean };
    const second = (await run('openByActivity', 'second', input)) as { attached: boolean };
    assert.deepEqual([first.attached, second.attached], [false, true]);
    const seen = () => server.conversation('by-activity').messagesSeenByModel;
    assert.deepEqual(seen(), ['Fix the build']);
    await run('sendAnother', 'third', inputOf('by-activity', server.url, 'Fix the tests'));
    assert.deepEqual(seen(), ['Fix the build', 'Fix the tests']);
  });

  test('shows a child workflow', async () => {
    const result = (await run('openByChild', 'parent', inputOf('child', server.url, 'Hi'))) as { status: string };
    assert.equal(result.status, 'RUNNING');
    assert.deepEqual(server.conversation('child').messagesSeenByModel, ['Hi']);
  });

  test('has a table of answers that make a stand-in ready', async (t) => {
    const standIn = await listen('Hi');
    t.after(() => standIn.close());
    const { port } = standIn.address() as AddressInfo;
    const input = inputOf('own', `http://127.0.0.1:${port}`, 'Hi');
    const result = (await run('openByActivity', 'own-stand-in', input)) as { status: string };
    assert.equal(result.status, 'RUNNING');
  });
});

/** The stand-in from the page's table, with the events that the page shows. */
async function listen(content: string) {
  const [shown = ''] = blocksOf('json');
  const stream: { id: number }[] = JSON.parse(shown.replace('<initial_user_msg>', content));
  const conversations = '/api/conversations';
  let isCreated = false;
  const standIn = createServer((request, response) => {
    const { method, url = '' } = request;
    const { pathname, searchParams } = new URL(url, 'http://stand-in');
    const answer = (status: number, json: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    request.resume();
    if (method === 'POST' && pathname === conversations) {
      const conversation_status = isCreated ? 'RUNNING' : 'STARTING';
      isCreated = true;
      answer(200, { status: 'ok', conversation_id: 'own', conversation_status });
    } else if (pathname === `${conversations}/own/events`) {
      const from = Number(searchParams.get('start_id') ?? 0);
      const events = stream.filter(({ id }) => id >= from);
      if (isCreated) answer(200, { events, has_more: false });
      else answer(404, { detail: 'Conversation own not found' });
    } else if (pathname === `${conversations}/own`) {
      answer(200, isCreated ? { conversation_id: 'own', status: 'RUNNING' } : null);
    } else answer(404, { detail: 'Not Found' });
  }).listen(0, '127.0.0.1');
  await once(standIn, 'listening');
  return standIn;
}
