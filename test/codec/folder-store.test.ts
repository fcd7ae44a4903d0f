import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { FolderStore } from '../../codec/folder-store.js';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'folder-store-'));
});
after(() => rm(folder, { recursive: true }));

describe('a folder as a payload store', () => {
  test('returns what was written, and nothing for an unknown key', async () => {
    const store = new FolderStore(folder);
    await store.write('one', Buffer.from('payload'));
    assert.deepEqual(await store.read('one', AbortSignal.timeout(1000)), Buffer.from('payload'));
    assert.equal(await store.read('other', AbortSignal.timeout(1000)), undefined);
    await rm(join(folder, 'one'));
  });

  test('keeps nothing of a failed write', async () => {
    // A file can't replace a folder.
    await mkdir(join(folder, 'taken'));
    await assert.rejects(new FolderStore(folder).write('taken', Buffer.from('payload')));
    assert.deepEqual(await readdir(folder), ['taken']);
  });
});
