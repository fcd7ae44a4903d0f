import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { workflowBundleFor } from '../../worker/workflow-bundle.js';

const bundle = await readFile(workflowBundleFor().codePath, 'utf8');
const modules = [...bundle.matchAll(/^\/\*\*\*\/ "\.\/dist\/([^"]+)\.js"/gm)].map(([, path]) => path);

test('the workflow code is loaded once for all workflows', () => {
  const [, preloaded = ''] = /preloadModules\(\) \{(.*?)\n\}/s.exec(bundle) ?? [];
  for (const name of ['index', 'locked-payload-interceptors', 'progress-interceptors', 'trace-interceptors']) {
    assert(preloaded.includes(`__webpack_require__`) && preloaded.includes(`"./dist/workflows/${name}.js"`), name);
  }
});

test('no module of it keeps state, which all workflows would share', async () => {
  assert(modules.includes('workflows/create-nested-conversation'), String(modules));
  for (const module of modules) {
    const source = await readFile(new URL(`../../../${module}.ts`, import.meta.url), 'utf8');
    const state = /^(export )?(let |const .*= new \w+(<.*>)?\(\)|const .*= \[\])/m.exec(source);
    assert.equal(state?.[0], undefined, `${module}.ts`);
  }
});
