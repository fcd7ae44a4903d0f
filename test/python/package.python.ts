import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { findPython } from '../../dev-stack/find-python.js';
import { findUv, venvExecutable } from '../../dev-stack/find-uv.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { readPipIndex } from '../../dev-stack/pip-index.js';
import { runCommand } from '../../dev-stack/run-command.js';
import { findTemporalCli } from '../../dev-stack/temporal-binaries.js';
import { folderFor, forFile, standInForFile, testFile } from '../harness/fixtures.js';
import { pythonClient as project } from '../harness/python-client.js';
import { startDevServer } from '../harness/temporal.js';

/** `clients/python`: linted, tested on the oldest and the newest Python here, built, installed and used. */

const supported = ['3.10', '3.11', '3.12', '3.13'];
const installed = (
  await Promise.all(supported.map(async (version) => ({ version, path: await findPython([version]) })))
).flatMap(({ version, path }) => (path === undefined ? [] : [{ version, path }]));
const [oldest] = installed;
const newest = installed.at(-1);
const runs = [
  { packages: 'the oldest allowed packages', python: oldest, resolution: ['--resolution', 'lowest-direct'] },
  { packages: 'the newest packages', python: newest, resolution: [] },
];

assert.ok(oldest && newest, `one of Python ${supported.join(', ')} is needed`);

const example = '../../examples/python';

const folder = await folderFor(testFile);
const uv = await findUv(console.error);
const index = await readPipIndex();
const temporal = await forFile(startDevServer());
const server = await standInForFile();

/** A new venv, and a function that runs its programs in the folder of the client. */
async function venv(name: string, python: string, install: readonly string[]) {
  const path = join(folder, name);
  await runCommand(uv, ['venv', '--quiet', '--python', python, path]);
  const target = ['--quiet', '--python', venvExecutable(path, 'python')];
  await runCommand(uv, ['pip', 'install', ...target, ...install], { cwd: project, env: index });
  return async (args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = project) => {
    const options = { cwd, env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env } };
    try {
      return (await promisify(execFile)(venvExecutable(path, 'python'), args, options)).stdout;
    } catch (error) {
      // These tools report problems on standard output.
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`python ${args.join(' ')}\n${stdout}${stderr}`);
    }
  };
}

for (const { packages, python, resolution } of runs) {
  test(`with Python ${python?.version} and ${packages}, its tests and type checks pass`, async () => {
    const run = await venv(packages, python?.path ?? '', [...resolution, '--group', 'dev', '-e', '.[encryption]']);
    const TEMPORAL_CLI = await findTemporalCli(console.error);
    await run(['-m', 'pytest', '--quiet', '-p', 'no:cacheprovider'], { TEMPORAL_CLI });
    await run(['-m', 'mypy', '.', example], { MYPY_CACHE_DIR: join(folder, 'mypy') });
  });
}

test('it is formatted and the linter reports nothing', async () => {
  const run = await venv('ruff', newest?.path ?? '', ['--group', 'dev']);
  const files = ['--no-cache', '--config', 'pyproject.toml', '.', example];
  await run(['-m', 'ruff', 'check', ...files]);
  await run(['-m', 'ruff', 'format', '--check', ...files]);
});

/** The code of the README as a program. */
const program = `
import asyncio, os, sys
from datetime import timedelta

from temporalio.client import Client

from nested_conversations import ConversationInput, InitialUserMessage, NestedConversations


async def main():
    conversations = NestedConversations(await Client.connect(os.environ["TEMPORAL_ADDRESS"], namespace=os.environ["TEMPORAL_NAMESPACE"]), on_hint=lambda _: None)
    conversation = ConversationInput(
        api_url=os.environ["API_URL"],
        sid=os.environ["SID"],
        user_id="ada",
        initial_user_msg=InitialUserMessage(content="Fix the build"),
    )
    ready = await conversations.ensure_ready(conversation, timeout=timedelta(minutes=2))
    print(ready.status)


asyncio.run(main())
# Now and then a thread of Temporal's client crashes an interpreter that ends (temporalio/sdk-python#300).
sys.stdout.flush()
os._exit(0)
`;

describe('its build', () => {
  let files: string[];
  before(async () => {
    const out = join(folder, 'built');
    await runCommand(uv, ['build', '--quiet', '--out-dir', out, project], { env: index });
    files = (await readdir(out)).filter((name) => !name.startsWith('.')).map((name) => join(out, name));
  });

  test('produces a wheel and an sdist', () => {
    assert.deepEqual(files.map((name) => name.split('.').at(-1)).sort(), ['gz', 'whl']);
  });

  for (const kind of ['.whl', '.tar.gz']) {
    test(`starts a conversation if it was installed from the ${kind}`, async () => {
      const built = files.find((name) => name.endsWith(kind)) ?? '';
      const run = await venv(`fresh${kind}`, newest?.path ?? '', [built]);
      const input = inputFor(server.url);
      const env = { ...temporal.variables, API_URL: server.url, SID: input.sid };
      assert.equal((await run(['-c', program], env, folder)).trim(), 'RUNNING');
      assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build']);
      // Type information is included. Encryption is an extra.
      const output = await run(['-c', 'import nested_conversations as n; print(n.__path__[0])'], {}, folder);
      assert.ok((await readdir(output.trim())).includes('py.typed'));
      await assert.rejects(run(['-c', 'import nested_conversations.encryption'], {}, folder), /cryptography/);
    });
  }
});
