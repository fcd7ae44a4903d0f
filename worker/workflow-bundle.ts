import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import type { BundleOptions } from '@temporalio/worker';

const pathOf = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

/**
 * The pre-built workflow code: made by `npm run build`, read by every worker. There are two, as a workflow converts its
 * own failure, and the code is bundled with what does that.
 */
const codePaths = {
  plain: pathOf('workflow-bundle.js'),
  encodedFailures: pathOf('workflow-bundle.encoded-failures.js'),
};

/** The workflow code that goes with a worker's data converter. */
export function workflowBundleFor({ failureConverterPath }: DataConverter = {}): { readonly codePath: string } {
  return { codePath: failureConverterPath ? codePaths.encodedFailures : codePaths.plain };
}

/** Stack traces need the lines of the sources, not the sources: those would be half of the bundle. */
export const webpackConfigHook: NonNullable<BundleOptions['webpackConfigHook']> = (config) => ({
  ...config,
  devtool: 'inline-nosources-source-map',
});

export const workflowsPath = pathOf('workflows/index.js');

export const workflowInterceptorModules = [
  pathOf('workflows/locked-payload-interceptors.js'),
  pathOf('workflows/progress-interceptors.js'),
  pathOf('workflows/trace-interceptors.js'),
];
