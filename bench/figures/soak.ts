import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, median, spread } from '../figure.js';
import type { Stage } from '../stage.js';

/** Starts per second: about a third of what two cores can run with everything on them. */
const rate = 8;

/**
 * Measures whether anything is lost or grows under constant load. Every second conversation is ready at its third look.
 */
export async function soak({ standIn, startWorker, startLoad }: Stage, minutes: number): Promise<Figure[]> {
  const worker = await startWorker({ runs: 'ours', taskQueue: 'ours' });
  const { call: load } = await startLoad();
  const workerMegabytes: number[] = [];
  const clientMegabytes: number[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    for (let second = 0; second < 60; second++) {
      await standIn.call.readyAtLook(second % 2 ? 3 : 1);
      const next = sleep(1000);
      await load.beginEnsuring(rate);
      await next;
    }
    workerMegabytes.push(await worker.call.megabytes());
    clientMegabytes.push(await load.megabytes());
    console.error(`minute ${minute + 1}: worker ${workerMegabytes.at(-1)?.toFixed(0)} MB`);
  }
  const started = rate * 60 * minutes;
  const ready = await load.endWaits();
  const { posts } = await standIn.call.traffic();
  const third = Math.ceil(minutes / 3);
  const growth = median(workerMegabytes.slice(-third)) / median(workerMegabytes.slice(third, 2 * third));
  return [
    {
      id: 'soak-lost',
      figure: `${minutes} minutes, ${rate} starts a second`,
      ours: `${started} started, ${ready} ready, ${posts} POSTs`,
      against: '',
      goal: 'nothing lost, nothing doubled',
      met: ready === started && posts === started,
      samples: { started: [started], ready: [ready], posts: [posts] },
    },
    {
      id: 'soak-memory',
      figure: "worker's memory, minute by minute",
      ours: `${spread(workerMegabytes, 'MB')}; last third ${growth.toFixed(2)} of the middle one`,
      against: `client ${spread(clientMegabytes, 'MB')}`,
      goal: '≤ 1.05 of the middle third',
      met: growth <= 1.05,
      samples: { worker: workerMegabytes, client: clientMegabytes },
    },
  ];
}
