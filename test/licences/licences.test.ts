import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  /** The SPDX expression in its package.json. */
  readonly license?: string;
  readonly version?: string;
  /** Whether only development needs it. */
  readonly dev?: boolean;
}

/**
 * Licenses allowed for a worker's dependencies. They may require that their notice is kept, which `npm ci` does, but
 * must put no conditions on our code: no copyleft, no field of use. CC-BY-4.0 is for data (caniuse-lite) and requires
 * the same.
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

/** Taken from the LICENSE file of a package whose package.json has none. Only for this version, as it may change. */
const toldByFile = new Map([['unionfs@4.6.0', 'Unlicense']]);

const { packages } = JSON.parse(await readFile(new URL('../../../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const { peerDependenciesMeta } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));

/** The installation path of a package that the one at `path` requires: the nearest, upwards. */
function installedAt(path: string, name: string): string | undefined {
  for (let folder = path; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('/node_modules/'), 0))) {
    const candidate = `${folder && `${folder}/`}node_modules/${name}`;
    if (candidate in packages) return candidate;
    if (folder === '') return undefined;
  }
}

/** Packages that a worker needs. For `npm ci`, those that only a worker needs are development dependencies. */
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

test('every dependency of the worker has an allowed licence', () => {
  assert.ok(ofWorker.has('node_modules/@temporalio/core-bridge'));
  assert.deepEqual(notAllowed(packages), []);
});

for (const license of ['GPL-3.0-only', 'MIT AND GPL-3.0-only', 'SEE LICENSE IN LICENSE.txt', undefined]) {
  test(`a dependency with ${license ?? 'no licence'} is reported`, () => {
    const added = { 'node_modules/a/node_modules/@b/c': { version: '1.0.0', ...(license && { license }) } };
    assert.deepEqual(notAllowed({ ...packages, ...added }), [`@b/c@1.0.0: ${license ?? 'no licence'}`]);
  });
}
