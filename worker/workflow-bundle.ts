import { fileURLToPath } from 'node:url';

/** The pre-built workflow code: made by `npm run build`, read by every worker. */
export const workflowBundle = { codePath: fileURLToPath(new URL('../workflow-bundle.js', import.meta.url)) };

export const workflowsPath = fileURLToPath(new URL('../workflows/index.js', import.meta.url));
