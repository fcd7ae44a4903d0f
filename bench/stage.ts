import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { webpackConfigHook } from '../worker/workflow-bundle.js';
import type { Load } from './processes/load.js';
import { type BenchProcess, startProcess } from './processes/process.js';
import type { StandIn } from './processes/stand-in.js';
import type { ThrottlingProxy } from './processes/throttling-proxy.js';
import type { BenchWorker, StartWorkerOptions } from './processes/worker.js';
import { startDevServer, type Temporal, useServer } from './temporal.js';

/** The processes of a measurement: a Temporal server, a nested server, workers and clients. */
export interface Stage extends Omit<Temporal, 'stop'> {
  /** For lookups outside of the measurement. */
  readonly client: Client;
  readonly apiUrl: string;
  readonly standIn: BenchProcess<StandIn>;
  startWorker(options: Omit<StartWorkerOptions, 'address' | 'namespace'>): Promise<BenchProcess<BenchWorker>>;
  /** @param through The address of a proxy. @default the Temporal server's own */
  startLoad(through?: string): Promise<BenchProcess<Load>>;
  /** Starts a proxy before the Temporal server that allows a connection so many calls at a time. Returns its address. */
  startProxy(streams: number): Promise<string>;
}

/** The floors' workflow code, built once, like ours. */
let floorBundle: Promise<{ codePath: string }> | undefined;

async function bundleFloor(): Promise<{ codePath: string }> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('floor/workflows.js', import.meta.url)),
    logger: new DefaultLogger('WARN'),
    webpackConfigHook,
  });
  const codePath = fileURLToPath(new URL('floor/workflow-bundle.js', import.meta.url));
  await writeFile(codePath, code);
  return { codePath };
}

/**
 * Sets everything up anew for each measurement: a server with the histories of an earlier measurement is slower.
 *
 * @param at The address of an existing Temporal server. @default a dev server that this starts
 */
export async function onStage<T>(measure: (stage: Stage) => Promise<T>, at?: string): Promise<T> {
  floorBundle ??= bundleFloor();
  const prebuilt = await floorBundle;
  const processes: BenchProcess<object>[] = [];
  // Without this, callers of a dead process would wait forever.
  let fail: (error: Error) => void = () => {};
  const died = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const started = <P extends BenchProcess<object>>(process: P): P => {
    processes.push(process);
    process.died.then(fail);
    return process;
  };
  const temporal = await (at === undefined ? startDevServer() : useServer(at));
  try {
    const { address, namespace } = temporal;
    const standIn = started(startProcess<StandIn>('stand-in'));
    const apiUrl = await standIn.call.listen();
    const measured = measure({
      ...temporal,
      apiUrl,
      standIn,
      async startWorker(options) {
        const worker = started(startProcess<BenchWorker>('worker'));
        await worker.call.start({ address, namespace, floorBundle: prebuilt, ...options });
        return worker;
      },
      async startLoad(through = address) {
        const load = started(startProcess<Load>('load'));
        await load.call.connect({ address: through, namespace, apiUrl });
        return load;
      },
      startProxy: (streams) =>
        started(startProcess<ThrottlingProxy>('throttling-proxy')).call.listen({ address, streams }),
    });
    return await Promise.race([measured, died]);
  } finally {
    await Promise.allSettled(processes.map((process) => process.stop()));
    await temporal.stop();
  }
}
