import { writeFile } from 'node:fs/promises';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { encodedFailuresPath } from '../codec/data-converter.js';
import { webpackConfigHook, workflowBundleFor, workflowInterceptorModules, workflowsPath } from './workflow-bundle.js';

/** Run by the build. Bundling when a worker starts would take seconds and need a compiler. */
for (const dataConverter of [{}, { failureConverterPath: encodedFailuresPath }]) {
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules,
    // Loaded once for all workflows: 20 kB less for each in the cache. None of these modules may keep state.
    preloadModules: [workflowsPath, ...workflowInterceptorModules],
    logger: new DefaultLogger('WARN'),
    webpackConfigHook,
    ...dataConverter,
  });
  await writeFile(workflowBundleFor(dataConverter).codePath, code);
}
