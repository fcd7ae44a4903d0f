import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { installOnce } from '../../dev-stack/install-once.js';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'install-once-'));
});
after(() => rm(root, { recursive: true }));

test('two installations at once leave one complete result and nothing else', async () => {
  const folder = join(root, 'twice');
  const installFolder = async (temporaryFolder: string) => {
    const result = join(temporaryFolder, 'result');
    await mkdir(result);
    await writeFile(join(result, 'content'), 'whole');
    return result;
  };
  await Promise.all([1, 2].map(() => installOnce(join(folder, 'installed'), installFolder)));

  assert.deepEqual(await readdir(folder), ['installed']);
  assert.equal(await readFile(join(folder, 'installed', 'content'), 'utf8'), 'whole');
});

test('an installation that fails leaves nothing', async () => {
  const folder = join(root, 'failed');
  const failHalfway = async (temporaryFolder: string) => {
    await writeFile(join(temporaryFolder, 'half'), '');
    throw new Error('cut off');
  };
  await assert.rejects(installOnce(join(folder, 'installed'), failHalfway), /cut off/);

  assert.deepEqual(await readdir(folder), []);
});
