import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Figure, median, ratios, spread } from '../figure.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';

/** Few enough that the subjects do not compete for processors. */
const atATime = 15;

const subjects = ['ours', 'fenced-calls'] as const;

/**
 * Measures a worker's CPU per start against the same six requests and the fence, independent of the machine's other
 * load.
 */
export async function cpu(
  { startWorker, startLoad }: Stage,
  { cpuRounds, together, warmUp }: Sizes,
): Promise<Figure[]> {
  const { call: load } = await startLoad();
  const workers = {
    ours: await startWorker({ runs: 'ours', taskQueue: 'ours' }),
    'fenced-calls': await startWorker({ runs: 'floor', taskQueue: 'floor' }),
  };
  for (const subject of subjects) await load.run({ subject, count: warmUp, atATime });
  const each = { ours: [] as number[], 'fenced-calls': [] as number[] };
  for (let round = 0; round < cpuRounds; round++) {
    for (const subject of round % 2 ? [...subjects].reverse() : subjects) {
      const { call: worker } = workers[subject];
      const before = await worker.cpuSeconds();
      await load.run({ subject, count: together, atATime });
      each[subject].push((((await worker.cpuSeconds()) - before) * 1000) / together);
    }
  }
  const ratio = ratios(each.ours, each['fenced-calls']);
  return [
    {
      id: 'cpu-ratio',
      figure: "worker's CPU for one, by pairs",
      ours: spread(each.ours, 'ms', 1),
      against: `fenced-calls ${spread(each['fenced-calls'], 'ms', 1)}, ratio ${spread(ratio, '', 2)}`,
      goal: '≤ 1.08 of fenced-calls',
      met: median(ratio) <= 1.08,
      samples: { ...each, least: [Math.min(...ratio)] },
    },
  ];
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
