import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const page = await readFile(`${root}docs/architecture.md`, 'utf8');

const cellsOf = (row: string) => row.split('|').slice(1, -1);
const foldersIn = (cell = '') => [...cell.matchAll(/`([\w-]+)\/`/g)].map(([, folder = '']) => folder);
const rules = (page.match(/^\| `[\w-]+\/` \|.*$/gm) ?? []).map(cellsOf).map(([folder, , imports]) => ({
  folder: foldersIn(folder)[0] ?? '',
  imports: foldersIn(imports),
}));

/** The import statements of a folder's files, each with the module's name. */
async function importsOf(folder: string): Promise<{ statement: string; module: string }[]> {
  const names = await readdir(root + folder, { recursive: true });
  const sources = await Promise.all(
    names.filter((name) => /\.c?ts$/.test(name)).map((name) => readFile(`${root}${folder}/${name}`, 'utf8')),
  );
  const statements = sources.flatMap((source) => [
    ...source.matchAll(/(?:^(?:import|export)\s(?:[^;']*\sfrom\s)?|\bimport\()'([^']+)'/gm),
  ]);
  return statements.map(([statement, module = '']) => ({ statement, module }));
}

const folderOf = (module: string) => /^(?:\.\.\/)+([\w-]+)\//.exec(module)?.[1];

describe('the architecture page', () => {
  for (const { folder, imports } of rules) {
    test(`is right about what ${folder}/ imports`, async () => {
      const found = (await importsOf(folder)).map(({ module }) => folderOf(module));
      // An import that goes up from a subfolder may lead to a file of its own folder.
      const folders = new Set(found.filter((name) => name && name !== folder && rules.some((r) => r.folder === name)));
      assert.deepEqual([...folders].sort(), imports);
      assert.ok(!found.includes('test'));
    });
  }

  test('describes every folder that contains code', async () => {
    const { include } = JSON.parse(await readFile(`${root}tsconfig.json`, 'utf8'));
    assert.deepEqual([...rules.map(({ folder }) => folder), 'test'].sort(), [...include].sort());
  });

  test('is right that imports run one way', () => {
    let left = rules;
    for (;;) {
      const next = left.filter(({ imports }) => imports.some((name) => left.some(({ folder }) => folder === name)));
      if (next.length === left.length) break;
      left = next;
    }
    assert.deepEqual(left, [], 'these folders import each other in a circle');
  });

  test('is right that config takes only types and default values from activities', async () => {
    const taken = (await importsOf('config')).filter(({ module }) => folderOf(module) === 'activities');
    for (const { statement, module } of taken) {
      assert.ok(statement.startsWith('import type ') || module === '../activities/defaults.js', statement);
    }
    assert.doesNotMatch(await readFile(`${root}activities/defaults.ts`, 'utf8'), /^import /m);
  });

  test('is right that workflows take only types from activities and only packages made for workflows', async () => {
    for (const { statement, module } of await importsOf('workflows')) {
      if (folderOf(module) === 'activities') assert.match(statement, /^import type /);
      if (!module.startsWith('.')) assert.match(module, /^@temporalio\/(workflow|common)$|^@opentelemetry\/api$/);
    }
  });

  test("is right that only codec and the test harness import the SDK's internals", async () => {
    for (const folder of [...rules.map(({ folder }) => folder), 'test']) {
      const inside = (await importsOf(folder)).filter(({ module }) => /^@temporalio\/\w+\/lib\//.test(module));
      assert.equal(inside.length, { codec: 3, test: 3 }[folder] ?? 0, folder);
    }
  });

  test('names only files that exist', () => {
    const files = [...page.matchAll(/`([\w-]+\/[\w/.-]+)`|\]\(([\w/.-]+)\)/g)];
    assert(files.length > 10);
    for (const [, file, link] of files) assert(existsSync(root + (file ?? `docs/${link}`)), file ?? link);
  });
});
