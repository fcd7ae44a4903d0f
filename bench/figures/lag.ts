import { setTimeout as sleep } from 'node:timers/promises';
import { workflowIdOf } from '../../contract/names.js';
import { type Figure, mean, spread } from '../figure.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';

const intervalMs = 2000;

/** Measures the time from a server's readiness to the completion of the conversation's workflow. */
export async function lag({ standIn, startWorker, startLoad, client }: Stage, sizes: Sizes): Promise<Figure[]> {
  await startWorker({ runs: 'ours', taskQueue: 'ours' });
  const { call: load } = await startLoad();
  await load.run({ subject: 'ours', count: 20, atATime: 2 });
  await standIn.call.readyAtLook(null);

  const lagsMs: number[] = [];
  for (let round = 0; round < sizes.lags; round++) {
    const sids: string[] = [];
    for (let index = 0; index < sizes.lagging; index++) {
      // Spreads the looks evenly over the interval, so that readiness comes at every distance from a look.
      sids.push(await load.startOne('2 seconds'));
      await sleep(intervalMs / sizes.lagging);
    }
    await sleep(2 * intervalMs);
    const readyAt = await standIn.call.release(sids);
    for (const sid of sids) {
      const handle = client.workflow.getHandle(workflowIdOf(sid));
      await handle.result();
      const { closeTime } = await handle.describe();
      lagsMs.push((closeTime?.getTime() ?? Number.NaN) - readyAt);
    }
  }
  const meanMs = mean(lagsMs);
  const mostMs = Math.max(...lagsMs);
  return [
    {
      id: 'lag',
      figure: 'lag from the server being ready to the workflow completing, light load',
      ours: `mean ${meanMs.toFixed(0)} ms, ${spread(lagsMs, 'ms')}`,
      against: `interval ${intervalMs} ms`,
      goal: 'mean ≤ interval / 2 + 100 ms, maximum ≤ interval + 250 ms',
      met: meanMs <= intervalMs / 2 + 100 && mostMs <= intervalMs + 250,
      samples: { ours: lagsMs },
    },
  ];
}
