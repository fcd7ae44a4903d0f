/**
 * `nested-conversations/worker`: for a process that runs the worker, or for your own worker that also runs our
 * workflow.
 */

// For a worker whose settings do not come from the environment.
export { workerDataConverterFor as dataConverterFor } from '../codec/data-converter.js';
export type { EncryptionKeys } from '../codec/encryption-codec.js';
export type { PayloadStore } from '../codec/payload-store.js';
export { ConfigError } from '../config/config-error.js';
export { loadWorkerConfig, type WorkerConfig } from '../config/worker.js';
export { type CreateWorkerOptions, createWorker } from './create-worker.js';
// For `Worker.create`, to run it beside other workflows.
export {
  type EmbeddedWorkerOptions,
  type EmbeddedWorkerSettings,
  embeddedWorkerOptions,
} from './embedded-worker-options.js';
// For `Worker.create`: the workflow code, bundled, or as a module to bundle with your own workflows.
export { workflowBundleFor, workflowInterceptorModules, workflowsPath } from './workflow-bundle.js';
