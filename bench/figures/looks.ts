import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, median, ratios, spread } from '../figure.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';

/** Enough looks a second that what an idle worker takes hardly counts, and few enough for two processors. */
const conversations = 60;

const interval = '1 second';

const windowMs = 5_000;

const lookOf = { ours: 'checkConversationReady', bare: 'neverReadyLook' } as const;

/**
 * Measures a look that finds nothing new against a bare activity attempt with the same two requests. Both workers are
 * measured at the same time, so whatever else the machine does, it does to both.
 */
export async function looks({ standIn, startWorker, startLoad }: Stage, { cpuRounds }: Sizes): Promise<Figure[]> {
  const { call: load } = await startLoad();
  const { call: ours } = await startWorker({ runs: 'ours', taskQueue: 'ours' });
  const { call: bare } = await startWorker({ runs: 'floor', taskQueue: 'floor' });
  // The bare create fails if its conversation is not ready.
  await load.startLooking(conversations, interval);
  while ((await bare.attempts('bareCreate')) < conversations) await sleep(100);
  await standIn.call.readyAtLook(null);
  await load.startWaiting({ runs: 'ours', taskQueue: 'ours', count: conversations, interval });
  while ((await ours.attempts('createConversation')) < conversations) await sleep(100);
  // Warms both up.
  await sleep(2 * windowMs);

  const workers = { ours, bare };
  const read = async (of: keyof typeof workers) => ({
    cpuMs: (await workers[of].cpuSeconds()) * 1000,
    looks: await workers[of].attempts(lookOf[of]),
  });
  const each = { ours: [] as number[], bare: [] as number[] };
  for (let round = 0; round < cpuRounds; round++) {
    const before = { ours: await read('ours'), bare: await read('bare') };
    await sleep(windowMs);
    for (const of of ['ours', 'bare'] as const) {
      const after = await read(of);
      each[of].push((after.cpuMs - before[of].cpuMs) / (after.looks - before[of].looks));
    }
  }
  const ratio = ratios(each.ours, each.bare);
  return [
    {
      id: 'look-ratio',
      figure: "worker's CPU for a look that finds nothing new, by pairs",
      ours: spread(each.ours, 'ms', 1),
      against: `a bare attempt with its two requests ${spread(each.bare, 'ms', 1)}, ratio ${spread(ratio, '', 2)}`,
      goal: '≤ 3 ms, ≤ 1.1 of a bare attempt',
      met: median(each.ours) <= 3 && median(ratio) <= 1.1,
      samples: each,
    },
  ];
}
