import { writeFile } from 'node:fs/promises';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { encodedFailuresPath } from '../codec/data-converter.js';
import { webpackConfigHook, workflowBundleFor, workflowInterceptorModules, workflowsPath } from './workflow-bundle.js';

/** Part of the build: a worker that bundles at its start would need seconds and a compiler. */
for (const dataConverter of [{}, { failureConverterPath: encodedFailuresPath }]) {
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules,
    logger: new DefaultLogger('WARN'),
    webpackConfigHook,
    ...dataConverter,
  });
  await writeFile(workflowBundleFor(dataConverter).codePath, code);
}
