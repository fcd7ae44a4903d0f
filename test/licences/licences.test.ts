import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

interface LockedPackage {
  /** An SPDX expression, as its package.json says. */
  readonly license?: string;
  readonly version?: string;
  /** Whether only development needs it. */
  readonly dev?: boolean;
}

/**
 * What a worker ships with may ask for its notice to be kept, which `npm ci` does, and for nothing of ours: no
 * copyleft, no field of use. CC-BY-4.0 is data (caniuse-lite) and asks for the same.
 */
const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC-BY-4.0',
  'ISC',
  'MIT',
  'Unlicense',
]);

/** What a package's LICENSE file says where its package.json says nothing; for this version, since that may change. */
const toldByFile = new Map([['unionfs@4.6.0', 'Unlicense']]);

/** The lock file rather than `npm sbom --omit=dev`: that leaves out what development needs as well, the SDK's worker. */
const { packages } = JSON.parse(await readFile(new URL('../../../package-lock.json', import.meta.url), 'utf8'));

function notAllowed(locked: Readonly<Record<string, LockedPackage>>): string[] {
  return Object.entries(locked).flatMap(([path, { dev, version, license }]) => {
    const name = `${path.split('node_modules/').at(-1)}@${version}`;
    const expression = license ?? toldByFile.get(name) ?? 'no licence';
    return dev || expression.split(' AND ').every((id) => allowed.has(id)) ? [] : [`${name}: ${expression}`];
  });
}

test('every dependency of the worker has a licence that is allowed', () => {
  assert.ok(packages['node_modules/@temporalio/worker']);
  assert.deepEqual(notAllowed(packages), []);
});

for (const license of ['GPL-3.0-only', 'MIT AND GPL-3.0-only', 'SEE LICENSE IN LICENSE.txt', undefined]) {
  test(`a dependency with ${license ?? 'no licence'} is named`, () => {
    const added = { 'node_modules/a/node_modules/@b/c': { version: '1.0.0', ...(license && { license }) } };
    assert.deepEqual(notAllowed({ ...packages, ...added }), [`@b/c@1.0.0: ${license ?? 'no licence'}`]);
  });
}
