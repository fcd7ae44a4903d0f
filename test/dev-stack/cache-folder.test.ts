import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { cacheFolder } from '../../dev-stack/cache-folder.js';
import { restoreEnvironment } from './fake-machine.js';

const before = { ...process.env };
afterEach(() => restoreEnvironment(before));

test('NESTED_CONVERSATIONS_CACHE is the folder itself', () => {
  Object.assign(process.env, { NESTED_CONVERSATIONS_CACHE: '/somewhere/else', XDG_CACHE_HOME: '/xdg' });
  assert.equal(cacheFolder(), '/somewhere/else');
});

test('the folder is in XDG_CACHE_HOME', () => {
  Object.assign(process.env, { NESTED_CONVERSATIONS_CACHE: '', XDG_CACHE_HOME: '/xdg' });
  assert.equal(cacheFolder(), join('/xdg', 'nested-conversations'));
});

test("without either, the folder is in the user's home", { skip: process.platform === 'win32' }, () => {
  Object.assign(process.env, { NESTED_CONVERSATIONS_CACHE: '', XDG_CACHE_HOME: '', HOME: '/home/ada' });
  assert.match(cacheFolder(), /^\/home\/ada\/(\.cache|Library\/Caches)\/nested-conversations$/);
});
