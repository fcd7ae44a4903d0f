import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { workflowIdOf } from '../../contract/names.js';
import { type Figure, median, ratios, spread } from '../figure.js';
import type { Load } from '../processes/load.js';
import type { BenchProcess } from '../processes/process.js';
import type { BenchWorker, StartWorkerOptions } from '../processes/worker.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';

/** Waiting workflows of one kind, on their own task queue and worker. */
interface Crowd {
  readonly taskQueue: string;
  readonly worker: BenchProcess<BenchWorker>;
  /** Starts this many more, and returns their ids once each has had its first look. */
  add(count: number): Promise<string[]>;
  /** The worker's memory after each addition. The first value is from before any. */
  readonly memory: { readonly waiting: number[]; readonly megabytes: number[] };
}

/** Measures what waiting costs workers and clients. */
export async function waiting(stage: Stage, sizes: Sizes): Promise<Figure[]> {
  const { standIn, startLoad } = stage;
  const { waiting: count } = sizes;
  const load = await startLoad();
  const maxCachedWorkflows = 2 * count + 1000;
  const crowds = {
    cached: await gather(stage, load, sizes, { runs: 'ours', taskQueue: 'ours-cached', maxCachedWorkflows }),
    bounded: await gather(stage, load, sizes, { runs: 'ours', taskQueue: 'ours' }),
    floor: await gather(stage, load, sizes, { runs: 'floor', taskQueue: 'floor', maxCachedWorkflows }),
  };

  await standIn.call.readyAtLook(null);
  const steps = 5;
  const sids: string[] = [];
  for (let step = 1; step <= steps; step++) {
    await crowds.cached.add(count / steps);
    sids.push(...(await crowds.bounded.add(count / steps)));
    await crowds.floor.add(count / steps);
  }
  return [
    ...memoryFigures(crowds),
    ...(await idleFigures(stage, crowds.bounded, load, sizes)),
    await throughputFigure(stage, load, sizes),
    await clientFigure(stage, sids.slice(0, sizes.clients)),
  ];
}

async function gather(
  { startWorker, standIn }: Stage,
  { call: load }: BenchProcess<Load>,
  { warmUp }: Sizes,
  options: Omit<StartWorkerOptions, 'address' | 'namespace' | 'runs'> & { readonly runs: 'ours' | 'floor' },
): Promise<Crowd> {
  const { runs, taskQueue } = options;
  const isOurs = runs === 'ours';
  const look = isOurs ? 'checkConversationReady' : 'neverReady';
  const worker = await startWorker(options);
  // Warms the worker up, because the first workflows cost extra.
  await standIn.call.readyAtLook(1);
  await load.run({ subject: isOurs ? 'ours' : 'bare-calls', count: warmUp, atATime: 50, taskQueue });
  const memory = { waiting: [0], megabytes: [await worker.call.megabytes()] };
  let expected = await worker.call.attempts(look);
  return {
    taskQueue,
    worker,
    memory,
    async add(count) {
      expected += count;
      const ids = await load.startWaiting({ runs, taskQueue, count, interval: '60 minutes' });
      while ((await worker.call.attempts(look)) < expected) await sleep(100);
      memory.waiting.push((memory.waiting.at(-1) ?? 0) + count);
      memory.megabytes.push(await worker.call.megabytes());
      return ids;
    },
  };
}

function memoryFigures({ cached, bounded, floor }: Record<'cached' | 'bounded' | 'floor', Crowd>): Figure[] {
  const last = ({ memory }: Crowd) => memory.megabytes.at(-1) ?? Number.NaN;
  const first = ({ memory }: Crowd) => memory.megabytes[0] ?? Number.NaN;
  const each = (crowd: Crowd) => (last(crowd) - first(crowd)) / (crowd.memory.waiting.at(-1) ?? Number.NaN);
  const count = (cached.memory.waiting.at(-1) ?? Number.NaN).toLocaleString('en');
  const samples = {
    waiting: cached.memory.waiting,
    cached: cached.memory.megabytes,
    bounded: bounded.memory.megabytes,
    floor: floor.memory.megabytes,
    'MB each': [each(cached)],
  };
  return [
    {
      id: 'memory-cached',
      figure: `worker's memory for each of ${count} that wait, all cached`,
      ours: `${each(cached).toFixed(3)} MB, ${last(cached).toFixed(0)} MB in all`,
      against: `floor ${each(floor).toFixed(3)} MB`,
      goal: '≤ 0.11 MB each',
      met: each(cached) <= 0.11,
      samples,
    },
    {
      id: 'memory-bounded',
      figure: `worker's memory with ${count} that wait, cache bounded`,
      ours: `${last(bounded).toFixed(0)} MB in all, ${first(bounded).toFixed(0)} MB with none`,
      against: `all cached ${last(cached).toFixed(0)} MB`,
      goal: '≤ 400 MB in all',
      met: last(bounded) <= 400,
      samples: { waiting: bounded.memory.waiting, bounded: bounded.memory.megabytes },
    },
  ];
}

/** Measures a worker while all conversations wait, and while some are checked. */
async function idleFigures(
  { client, standIn }: Stage,
  { worker, taskQueue }: Crowd,
  load: BenchProcess<Load>,
  sizes: Sizes,
): Promise<Figure[]> {
  const look = 'checkConversationReady';
  const watch = async (): Promise<{ looks: number; cpuSeconds: number; slots: number }> => {
    const before = await worker.call.cpuSeconds();
    const looksBefore = await worker.call.attempts(look);
    await sleep(sizes.watchSeconds * 1000);
    const slots = await worker.call.slotsUsed();
    const looks = (await worker.call.attempts(look)) - looksBefore;
    return { looks, cpuSeconds: (await worker.call.cpuSeconds()) - before, slots };
  };
  const idle = await watch();
  await standIn.call.readyAtLook(null);
  const sids: string[] = [];
  const lookAtMore = async () => {
    const count = 20;
    const expected = (await worker.call.attempts('createConversation')) + count;
    sids.push(...(await load.call.startWaiting({ runs: 'ours', taskQueue, count, interval: '2 seconds' })));
    // The cost of the creates must not count as that of the looks.
    while ((await worker.call.attempts('createConversation')) < expected) await sleep(100);
  };
  await lookAtMore();
  const some = await watch();
  await lookAtMore();
  const more = await watch();
  await standIn.call.release(sids);
  for (const sid of sids) await client.workflow.getHandle(workflowIdOf(sid)).result();
  const perLook = ((more.cpuSeconds - some.cpuSeconds) * 1000) / (more.looks - some.looks);
  const percent = (cpuSeconds: number) => `${((cpuSeconds / sizes.watchSeconds) * 100).toFixed(1)} %`;
  return [
    {
      id: 'slots',
      figure: `slots that ${sizes.waiting.toLocaleString('en')} hold between looks`,
      ours: `${idle.slots}`,
      against: '',
      goal: '0',
      met: idle.slots === 0,
      samples: { slots: [idle.slots] },
    },
    {
      id: 'cpu-of-looks',
      figure: `worker's CPU for ${sizes.waiting.toLocaleString('en')} that wait`,
      ours: [idle, some, more]
        .map(({ cpuSeconds, looks }) => `${percent(cpuSeconds)} at ${(looks / sizes.watchSeconds).toFixed(1)} looks/s`)
        .join(', '),
      against: `${perLook.toFixed(1)} ms for one more look`,
      samples: { cpuSeconds: [idle, some, more].map(({ cpuSeconds }) => cpuSeconds), msPerLook: [perLook] },
    },
  ];
}

/** Measures whether a worker with a small workflow cache is slower. */
async function throughputFigure({ standIn }: Stage, load: BenchProcess<Load>, sizes: Sizes): Promise<Figure> {
  await standIn.call.readyAtLook(1);
  const rates = { ours: [] as number[], 'ours-cached': [] as number[] };
  for (let round = 0; round < sizes.rounds; round++) {
    for (const taskQueue of round % 2 ? (['ours', 'ours-cached'] as const) : (['ours-cached', 'ours'] as const)) {
      const { seconds } = await load.call.run({ subject: 'ours', count: sizes.together, atATime: 50, taskQueue });
      rates[taskQueue].push(sizes.together / seconds);
    }
  }
  const ratio = ratios(rates.ours, rates['ours-cached']);
  return {
    id: 'bounded-throughput',
    figure: `conversations a second beside ${sizes.waiting.toLocaleString('en')} that wait, cache bounded`,
    ours: spread(rates.ours, '', 1),
    against: `all cached ${spread(rates['ours-cached'], '', 1)}, ratio ${spread(ratio, '', 2)}`,
    goal: '≥ 0.9 of all cached',
    met: median(ratio) >= 0.9,
    samples: rates,
  };
}

/** Measures one process that waits for many conversations. */
async function clientFigure({ client, standIn, startLoad }: Stage, sids: string[]): Promise<Figure> {
  const load = await startLoad();
  // Warms the client up, because the first waits cost extra.
  await load.call.beginWaits(sids.slice(0, 20), 'ours');
  const before = await load.call.megabytes();
  await load.call.beginWaits(sids.slice(20), 'ours');
  const during = await load.call.megabytes();
  await standIn.call.release(sids);
  const begin = performance.now();
  await lookNow(client, sids);
  const answered = await load.call.endWaits();
  const seconds = (performance.now() - begin) / 1000;
  const kilobytes = ((during - before) * 1024) / (sids.length - 20);
  return {
    id: 'waits',
    figure: `${sids.length.toLocaleString('en')} waits from one process`,
    ours: `${answered.toLocaleString('en')} answered, ${kilobytes.toFixed(0)} kB each; ${seconds.toFixed(0)} s from the last being ready to the last answer`,
    against: '',
    goal: 'all answered',
    met: answered === sids.length,
    samples: { answered: [answered], kilobytes: [kilobytes], seconds: [seconds] },
  };
}

/** Makes the next looks happen now. The interval is long only for the measurement. */
async function lookNow({ workflowService, options: { namespace } }: Client, sids: readonly string[]): Promise<void> {
  const left = [...sids];
  const reset = async () => {
    for (let sid = left.pop(); sid !== undefined; sid = left.pop()) {
      const execution = { workflowId: workflowIdOf(sid) };
      await workflowService.resetActivity({ namespace, execution, type: 'checkConversationReady' });
    }
  };
  await Promise.all(Array.from({ length: 50 }, reset));
}
