import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Figure, median, ratios, spread } from '../figure.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';

/** So few that the processors are half idle. Busy ones make everything dearer, and hide what costs more. */
const atATime = 3;

const subjects = ['ours', 'ours-plain', 'fenced-calls'] as const;

type Subject = (typeof subjects)[number];

/** Measures the CPU time of a start, the worker's and everybody's, against the same six requests and the fence. */
export async function cpu(
  { standIn, startWorker, startLoad }: Stage,
  { cpuRounds, together, warmUp }: Sizes,
): Promise<Figure[]> {
  const { call: load } = await startLoad();
  const { call: ours } = await startWorker({ runs: 'ours', taskQueue: 'ours' });
  const { call: floor } = await startWorker({ runs: 'floor', taskQueue: 'floor' });
  const workerOf = { ours, 'ours-plain': ours, 'fenced-calls': floor };
  for (const subject of subjects) await load.run({ subject, count: warmUp, atATime });

  const read = async (subject: Subject) => ({
    worker: await workerOf[subject].cpuSeconds(),
    client: await load.cpuSeconds(),
    'nested server': await standIn.call.cpuSeconds(),
    all: machineCpuSeconds(),
  });
  type Part = keyof Awaited<ReturnType<typeof read>>;
  const noSamples = (): Record<Part, number[]> => ({ worker: [], client: [], 'nested server': [], all: [] });
  const each = { ours: noSamples(), 'ours-plain': noSamples(), 'fenced-calls': noSamples() };
  for (let round = 0; round < cpuRounds; round++) {
    for (const subject of round % 2 ? [...subjects].reverse() : subjects) {
      const before = await read(subject);
      await load.run({ subject, count: together, atATime });
      const after = await read(subject);
      for (const part of Object.keys(before) as Part[]) {
        each[subject][part].push(((after[part] - before[part]) * 1000) / together);
      }
    }
  }

  const figure = (id: string, name: string, part: Part, goal: number): Figure => {
    const samples = { ours: each.ours[part], floor: each['fenced-calls'][part], plain: each['ours-plain'][part] };
    const ratio = ratios(samples.ours, samples.floor);
    const plainRatio = ratios(samples.plain, samples.floor);
    return {
      id,
      figure: name,
      ours: spread(samples.ours, 'ms', 1),
      against: `fenced-calls ${spread(samples.floor, 'ms', 1)}, ratio ${spread(ratio, '', 2)}; without search attributes ${median(plainRatio).toFixed(2)}`,
      goal: `≤ ${goal} of fenced-calls`,
      met: median(ratio) <= goal,
      samples: { ...samples, least: [Math.min(...ratio)] },
    };
  };
  const parts = (['worker', 'client', 'nested server'] as const).map(
    (part) => `${part} ${median(each.ours[part]).toFixed(1)}`,
  );
  return [
    figure('cpu-ratio', "worker's CPU for one, by pairs", 'worker', 1.08),
    figure(
      'cpu-of-all',
      `everybody's CPU for one, by pairs (${parts.join(', ')} ms, the rest is Temporal)`,
      'all',
      1.05,
    ),
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
