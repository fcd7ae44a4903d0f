import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import type { BundleOptions } from '@temporalio/worker';

const pathOf = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

/**
 * The bundled workflow code, which `npm run build` creates. There are two bundles because a workflow encodes its own
 * failures: the failure converter is part of the bundle.
 */
const codePaths = {
  plain: pathOf('workflow-bundle.js'),
  encodedFailures: pathOf('workflow-bundle.encoded-failures.js'),
};

/** The workflow code that matches a worker's data converter. */
export function workflowBundleFor({ failureConverterPath }: DataConverter = {}): { readonly codePath: string } {
  return { codePath: failureConverterPath ? codePaths.encodedFailures : codePaths.plain };
}

/** Stack traces need line numbers, but not the sources, which would be half of the bundle. */
export const webpackConfigHook: NonNullable<BundleOptions['webpackConfigHook']> = (config) => ({
  ...config,
  devtool: 'inline-nosources-source-map',
  // Otherwise webpack leaves out modules that are only preloaded.
  optimization: { ...config.optimization, sideEffects: false },
});

export const workflowsPath = pathOf('workflows/index.js');

export const workflowInterceptorModules = [
  pathOf('workflows/locked-payload-interceptors.js'),
  pathOf('workflows/progress-interceptors.js'),
  pathOf('workflows/trace-interceptors.js'),
];
