import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { type BundleOptions, bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { tsToMs } from '../../codec/sdk-internals.js';
import { workflowIdOf, workflowType } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { startProgram } from '../../dev-stack/programs.js';
import { webpackConfigHook, workflowBundleFor } from '../../worker/workflow-bundle.js';
import { type Figure, spread } from '../figure.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';

/** Measures the start of a worker. */
export async function workerStart(
  { address, namespace, apiUrl, client, startWorker }: Stage,
  sizes: Sizes,
): Promise<Figure[]> {
  const oursMs: number[] = [];
  const floorMs: number[] = [];
  for (let round = 0; round < Math.min(sizes.rounds, 5); round++) {
    const taskQueue = randomUUID();
    const input = inputFor(apiUrl);
    const workflow = { taskQueue, workflowId: workflowIdOf(input.sid) };
    const waiting = await client.workflow.start(workflowType, { ...workflow, args: [input] });
    const begin = Date.now();
    const worker = startProgram('worker/main.js', {
      env: { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace, TEMPORAL_TASK_QUEUE: taskQueue },
    });
    await waiting.result();
    worker.kill('SIGTERM');
    await worker.ended;
    oursMs.push((await firstTaskAt(waiting)) - begin);

    const floorQueue = randomUUID();
    const floor = await client.workflow.start('noOps', { taskQueue: floorQueue, workflowId: floorQueue });
    const floorBegin = Date.now();
    const floorWorker = await startWorker({ runs: 'floor', taskQueue: floorQueue, floorBundle: undefined });
    await floor.result();
    floorMs.push((await firstTaskAt(floor)) - floorBegin);
    await floorWorker.stop();
  }

  const bytes = (await stat(workflowBundleFor().codePath)).size;
  const emptyBytes = await emptyBundleBytes({});
  const alikeBytes = await emptyBundleBytes({ webpackConfigHook });
  return [
    {
      id: 'cold-start',
      figure: 'cold start of the worker, to its first task',
      ours: spread(oursMs, 'ms'),
      against: `a worker that bundles at its start ${spread(floorMs, 'ms')}`,
      samples: { ours: oursMs, floor: floorMs },
    },
    {
      id: 'bundle',
      figure: 'size of the workflow bundle',
      ours: `${bytes.toLocaleString('en')} B`,
      against: `the SDK's empty one ${emptyBytes.toLocaleString('en')} B, ratio ${(bytes / emptyBytes).toFixed(3)}; an empty one without the texts of its sources, as ours is, ${alikeBytes.toLocaleString('en')} B, ratio ${(bytes / alikeBytes).toFixed(3)}`,
      goal: "≤ 1.05 of the SDK's empty one",
      met: bytes <= emptyBytes * 1.05,
      samples: { ours: [bytes], empty: [emptyBytes], 'empty, alike': [alikeBytes] },
    },
  ];
}

async function emptyBundleBytes(options: Pick<BundleOptions, 'webpackConfigHook'>): Promise<number> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../floor/empty-workflow.js', import.meta.url)),
    logger: new DefaultLogger('WARN'),
    ...options,
  });
  return Buffer.byteLength(code);
}

/** The time when a worker took the first task of a run, in milliseconds since the epoch. */
async function firstTaskAt(handle: WorkflowHandle): Promise<number> {
  const { events } = await handle.fetchHistory();
  return tsToMs(events?.find((event) => event.workflowTaskStartedEventAttributes)?.eventTime);
}
