import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Figure, median, ratios, spread } from '../figure.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';

/** Starts at a time of each subject: few enough that the processors are half idle, and enough to keep them busy. */
const loads = [
  { id: 'cpu-ratio', each: 2, name: 'half idle' },
  { id: 'cpu-ratio-busy', each: 25, name: 'busy' },
] as const;

/**
 * Measures a worker's CPU per start against the same six requests and the fence. Both run at the same time, so whatever
 * else the machine does, it does to both.
 */
export async function cpu(
  { startWorker, startLoad }: Stage,
  { cpuRounds, together, warmUp }: Sizes,
): Promise<Figure[]> {
  const sides = [
    { subject: 'ours', load: await startLoad(), worker: await startWorker({ runs: 'ours', taskQueue: 'ours' }) },
    {
      subject: 'fenced-calls',
      load: await startLoad(),
      worker: await startWorker({ runs: 'floor', taskQueue: 'floor' }),
    },
  ] as const;
  const run = (count: number, atATime: number) =>
    Promise.all(sides.map(({ subject, load }) => load.call.run({ subject, count, atATime })));
  const read = () => Promise.all(sides.map(({ worker }) => worker.call.cpuSeconds()));
  await run(warmUp, 25);

  const figures: Figure[] = [];
  for (const { id, each, name } of loads) {
    const ours: number[] = [];
    const floor: number[] = [];
    for (let round = 0; round < cpuRounds; round++) {
      const before = await read();
      await run(together, each);
      const [oursMs = Number.NaN, floorMs = Number.NaN] = (await read()).map(
        (after, side) => ((after - (before[side] ?? Number.NaN)) * 1000) / together,
      );
      ours.push(oursMs);
      floor.push(floorMs);
    }
    const ratio = ratios(ours, floor);
    figures.push({
      id,
      figure: `worker's CPU for one, by pairs, processors ${name}`,
      ours: spread(ours, 'ms', 1),
      against: `fenced-calls ${spread(floor, 'ms', 1)}, ratio ${spread(ratio, '', 2)}`,
      goal: '≤ 1.08 of fenced-calls',
      met: median(ratio) <= 1.08,
      samples: { ours, floor, least: [Math.min(...ratio)] },
    });
  }
  return figures;
}

/** So few starts at a time that the processors are half idle. Busy ones take as long as they are given. */
const few = 3;

/** Measures the CPU time that a start takes of all processes together. Only this one runs, so they take turns. */
export async function cpuOfAll(
  { standIn, startWorker, startLoad }: Stage,
  { cpuRounds, together, warmUp }: Sizes,
): Promise<Figure[]> {
  const subjects = ['ours', 'ours-plain', 'fenced-calls'] as const;
  const { call: load } = await startLoad();
  const { call: worker } = await startWorker({ runs: 'ours', taskQueue: 'ours' });
  await startWorker({ runs: 'floor', taskQueue: 'floor' });
  for (const subject of subjects) await load.run({ subject, count: warmUp, atATime: few });

  const read = async () => ({
    all: machineCpuSeconds(),
    worker: await worker.cpuSeconds(),
    client: await load.cpuSeconds(),
    'nested server': await standIn.call.cpuSeconds(),
  });
  type Part = keyof Awaited<ReturnType<typeof read>>;
  const noSamples = (): Record<Part, number[]> => ({ all: [], worker: [], client: [], 'nested server': [] });
  const each = { ours: noSamples(), 'ours-plain': noSamples(), 'fenced-calls': noSamples() };
  for (let round = 0; round < cpuRounds; round++) {
    for (const subject of round % 2 ? [...subjects].reverse() : subjects) {
      const before = await read();
      await load.run({ subject, count: together, atATime: few });
      const after = await read();
      for (const part of Object.keys(before) as Part[]) {
        each[subject][part].push(((after[part] - before[part]) * 1000) / together);
      }
    }
  }
  const share = (part: Part) => `${part} ${median(each.ours[part]).toFixed(1)}`;
  const allMs = { ours: each.ours.all, plain: each['ours-plain'].all, floor: each['fenced-calls'].all };
  const ratio = ratios(allMs.ours, allMs.floor);
  const plainRatio = ratios(allMs.plain, allMs.floor);
  return [
    {
      id: 'cpu-of-all',
      figure: "everybody's CPU for one, processors half idle",
      ours: `${spread(allMs.ours, 'ms', 1)}, of that ${share('worker')}, ${share('client')}, ${share('nested server')}`,
      against: `fenced-calls ${spread(allMs.floor, 'ms', 1)}, ratio ${spread(ratio, '', 2)}; without search attributes ${median(plainRatio).toFixed(2)}`,
      goal: '≤ 1.05 of fenced-calls',
      met: median(ratio) <= 1.05,
      samples: allMs,
    },
  ];
}

/** The total CPU time of this machine's processors. */
function machineCpuSeconds(): number {
  const ms = cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0);
  return ms / 1000;
}

/** Measures importing the client against importing the Temporal client that it is built on. */
export async function clientImport(_stage: Stage, { cpuRounds }: Sizes): Promise<Figure[]> {
  const ours: number[] = [];
  const temporal: number[] = [];
  for (let round = 0; round < cpuRounds; round++) {
    temporal.push(importMs('@temporalio/client'));
    ours.push(importMs(new URL('../../client/index.js', import.meta.url).href));
  }
  const ratio = ratios(ours, temporal);
  return [
    {
      id: 'client-import',
      figure: 'CPU of a process that imports the client',
      ours: spread(ours, 'ms'),
      against: `@temporalio/client alone ${spread(temporal, 'ms')}, ratio ${spread(ratio, '', 2)}`,
      goal: '≤ 1.5',
      met: Math.min(...ratio) <= 1.5,
      samples: { ours, temporal, least: [Math.min(...ratio)] },
    },
  ];
}

/** The CPU time of a process that imports a module and ends. */
function importMs(module: string): number {
  const program = `import ${JSON.stringify(module)}; const { user, system } = process.cpuUsage(); console.log((user + system) / 1000);`;
  const folder = fileURLToPath(new URL('.', import.meta.url));
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: folder }));
}
