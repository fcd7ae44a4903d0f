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
      // What goes up from a subfolder may lead to a file of its own folder's.
      const folders = new Set(found.filter((name) => name && name !== folder && rules.some((r) => r.folder === name)));
      const others = found.filter((name) => name === 'test' || name === 'dev-stack');
      assert.deepEqual([[...folders].sort(), others], [imports, []]);
    });
  }

  test('is right that workflows take only types from activities, and no package that is not made for them', async () => {
    for (const { statement, module } of await importsOf('workflows')) {
      if (folderOf(module) === 'activities') assert.match(statement, /^import type /);
      if (!module.startsWith('.')) assert.match(module, /^@temporalio\/(workflow|common)$|^@opentelemetry\/api$/);
    }
  });

  test('names files that are there', () => {
    const files = [...page.matchAll(/`([\w-]+\/[\w/.-]+)`|\]\(([\w/.-]+)\)/g)];
    assert(files.length > 10);
    for (const [, file, link] of files) assert(existsSync(root + (file ?? `docs/${link}`)), file ?? link);
  });
});
