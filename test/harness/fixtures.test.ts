import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atEndOf } from './fixtures.js';

test('what was started last ends first, and all ends even if one of them fails', async () => {
  const hooks: (() => unknown)[] = [];
  const scope = { after: (hook: () => unknown) => hooks.push(hook) };
  const ended: string[] = [];
  atEndOf(scope, () => ended.push('server'));
  atEndOf(scope, () => Promise.reject(new Error('is still open')));
  atEndOf(scope, () => ended.push('connection'));
  const [endAll, ...others] = hooks;
  await assert.rejects(async () => endAll?.(), /is still open/);
  assert.deepEqual({ ended, others }, { ended: ['connection', 'server'], others: [] });
  assert.throws(() => atEndOf(scope, () => ended.push('too late')), /Too late/);
});
