import { writeFile } from 'node:fs/promises';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { workflowBundle, workflowsPath } from './workflow-bundle.js';

/** Part of the build: a worker that bundles at its start would need seconds and a compiler. */
const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
await writeFile(workflowBundle.codePath, code);
