import { type Figure, mean, median, ratios, spread } from '../figure.js';
import type { Subject } from '../processes/load.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';

const subjects = ['no-ops', 'bare-calls', 'fenced-calls', 'ours', 'ours-plain', 'ours-unseen', 'in-process'] as const;

const workerOf = {
  ours: 'ours',
  'ours-plain': 'ours',
  'ours-unseen': 'ours-unseen',
  'no-ops': 'floor',
  'bare-calls': 'floor',
  'fenced-calls': 'floor',
  // Runs on no worker.
  'in-process': 'floor',
} as const satisfies Record<Subject, string>;

type Samples = Record<Subject, number[]>;

function noSamples(): Samples {
  return Object.fromEntries(subjects.map((subject) => [subject, []])) as unknown as Samples;
}

/** Measures conversations per second and the latency of one, for a nested server that is ready at once. */
export async function throughput({ startWorker, startLoad }: Stage, sizes: Sizes): Promise<Figure[]> {
  const workers = {
    ours: await startWorker({ runs: 'ours', taskQueue: 'ours' }),
    'ours-unseen': await startWorker({ runs: 'unseen', taskQueue: 'unseen' }),
    floor: await startWorker({ runs: 'floor', taskQueue: 'floor' }),
  };
  const { call: load } = await startLoad();
  for (const subject of subjects) await load.run({ subject, count: sizes.warmUp, atATime: 50 });

  const latenciesMs = noSamples();
  const alone = noSamples();
  const together = noSamples();
  const cpuMs = noSamples();
  for (let round = 0; round < sizes.rounds; round++) {
    for (let turn = 0; turn < subjects.length; turn++) {
      // Alternates the order, so that each subject runs before and after each of its neighbors.
      const inTurn = (turn + round) % subjects.length;
      const subject = subjects.at(round % 2 ? -1 - inTurn : inTurn) as Subject;
      const one = await load.run({ subject, count: sizes.alone, atATime: 1 });
      latenciesMs[subject].push(mean(one.latenciesMs));
      alone[subject].push(sizes.alone / one.seconds);

      const { call: worker } = workers[workerOf[subject]];
      const cpuBefore = await worker.cpuSeconds();
      const many = await load.run({ subject, count: sizes.together, atATime: 50 });
      together[subject].push(sizes.together / many.seconds);
      cpuMs[subject].push((((await worker.cpuSeconds()) - cpuBefore) * 1000) / sizes.together);
    }
  }

  const rate = (id: string, name: string, rates: Samples, compared: readonly (keyof typeof remarks)[]): Figure[] =>
    compared.map((subject) => {
      const ratioOf = (other: Subject) => ratios(rates[subject], rates[other]);
      return {
        id: `${subject}-${id}`,
        figure: `conversations a second, ${name}${remarks[subject]}`,
        ours: spread(rates[subject], '', 1),
        against: (['no-ops', 'bare-calls', 'fenced-calls'] as const)
          .map((other) => `${other} ${spread(rates[other], '', 1)}, ratio ${spread(ratioOf(other), '', 2)}`)
          .join('; '),
        ...(subject === 'ours' && {
          goal: '≥ 0.95 of fenced-calls',
          met: median(ratioOf('fenced-calls')) >= 0.95,
        }),
        samples: rates,
      };
    });
  const slower = ratios(latenciesMs.ours, latenciesMs['bare-calls']);
  return [
    ...rate('alone', '1 at a time', alone, ['ours']),
    ...rate('together', '50 at a time', together, ['ours', 'ours-plain', 'ours-unseen']),
    {
      id: 'latency',
      figure: 'start to completion of the workflow, server ready at once',
      ours: spread(latenciesMs.ours, 'ms'),
      against: `bare-calls ${spread(latenciesMs['bare-calls'], 'ms')}, ratio ${spread(slower, '', 2)}; in-process ${spread(latenciesMs['in-process'], 'ms', 1)}`,
      goal: '≤ 1.05 of bare-calls',
      met: median(slower) <= 1.05,
      samples: latenciesMs,
    },
    {
      id: 'cpu',
      figure: "worker's CPU for one, 50 at a time",
      ours: spread(cpuMs.ours, 'ms', 1),
      against: (['ours-plain', 'ours-unseen', 'no-ops', 'bare-calls', 'fenced-calls'] as const)
        .map((subject) => `${subject} ${spread(cpuMs[subject], 'ms', 1)}`)
        .join('; '),
      samples: cpuMs,
    },
  ];
}

const remarks = {
  ours: '',
  'ours-plain': ', without search attributes',
  'ours-unseen': ', without all that it is seen by',
};
