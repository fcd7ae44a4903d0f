import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
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

const { packages } = JSON.parse(await readFile(new URL('../../../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const { peerDependenciesMeta } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));

/** Where a package that one at `path` asks for is installed: the nearest, upwards. */
function installedAt(path: string, name: string): string | undefined {
  for (let folder = path; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('/node_modules/'), 0))) {
    const candidate = `${folder && `${folder}/`}node_modules/${name}`;
    if (candidate in packages) return candidate;
    if (folder === '') return undefined;
  }
}

/** What only a worker needs, and all that it needs: for `npm ci`, it is development's. */
const ofWorker = new Set<string>();
function collect(path: string | undefined): void {
  if (path === undefined || ofWorker.has(path)) return;
  ofWorker.add(path);
  const { dependencies, optionalDependencies } = packages[path] ?? {};
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) collect(installedAt(path, name));
}
for (const name of Object.keys(peerDependenciesMeta)) collect(`node_modules/${name}`);

function notAllowed(locked: Readonly<Record<string, LockedPackage>>): string[] {
  return Object.entries(locked).flatMap(([path, { dev, version, license }]) => {
    const name = `${path.split('node_modules/').at(-1)}@${version}`;
    const expression = license ?? toldByFile.get(name) ?? 'no licence';
    return (dev && !ofWorker.has(path)) || expression.split(' AND ').every((id) => allowed.has(id))
      ? []
      : [`${name}: ${expression}`];
  });
}

test('every dependency of the worker has a licence that is allowed', () => {
  assert.ok(ofWorker.has('node_modules/@temporalio/core-bridge'));
  assert.deepEqual(notAllowed(packages), []);
});

for (const license of ['GPL-3.0-only', 'MIT AND GPL-3.0-only', 'SEE LICENSE IN LICENSE.txt', undefined]) {
  test(`a dependency with ${license ?? 'no licence'} is named`, () => {
    const added = { 'node_modules/a/node_modules/@b/c': { version: '1.0.0', ...(license && { license }) } };
    assert.deepEqual(notAllowed({ ...packages, ...added }), [`@b/c@1.0.0: ${license ?? 'no licence'}`]);
  });
}
