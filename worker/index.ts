/** `nested-conversations/worker`: for a process that runs the worker, or a worker of its own with our workflow on it. */

// What a worker's options are made of, where that is not the environment's.
export { workerDataConverterFor as dataConverterFor } from '../codec/data-converter.js';
export type { EncryptionKeys } from '../codec/encryption-codec.js';
export type { PayloadStore } from '../codec/payload-store.js';
export { ConfigError } from '../config/config-error.js';
export { loadWorkerConfig, type WorkerConfig } from '../config/worker.js';
export { type CreateWorkerOptions, createWorker } from './create-worker.js';
// For `Worker.create` of a worker that runs it beside other workflows.
export {
  type EmbeddedWorkerOptions,
  type EmbeddedWorkerSettings,
  embeddedWorkerOptions,
} from './embedded-worker-options.js';
// For `Worker.create`: the workflow code, built, or as a module to bundle with workflows of one's own.
export { workflowBundleFor, workflowInterceptorModules, workflowsPath } from './workflow-bundle.js';
