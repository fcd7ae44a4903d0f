import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, median, percentile, spread } from '../figure.js';
import type { Stage } from '../stage.js';

export interface Crowd {
  /** Conversations that wait on one worker, with its default settings. */
  readonly count: number;
  /** Time between two checks of a conversation. */
  readonly intervalSeconds: number;
  /** How long they are watched once all of them wait. */
  readonly minutes: number;
}

/** Measures a worker with very many waiting conversations: its memory, how late its checks are, and what is lost. */
export async function crowd(
  { standIn, startWorker, startLoad, client }: Stage,
  { count, intervalSeconds, minutes }: Crowd,
): Promise<Figure[]> {
  const worker = await startWorker({ runs: 'ours', taskQueue: 'ours' });
  const { call: load } = await startLoad();
  await standIn.call.readyAtLook(null);
  const interval = `${intervalSeconds} seconds` as const;
  const sids = await load.startWaiting({ runs: 'ours', taskQueue: 'ours', count, interval });
  const checks = () => worker.call.attempts('checkConversationReady');
  while ((await worker.call.attempts('createConversation')) < count) await sleep(1000);
  console.error(`${count} wait`);

  const megabytes: number[] = [];
  const checksPerSecond: number[] = [];
  await standIn.call.watchChecks();
  const cpuBefore = await worker.call.cpuSeconds();
  for (let minute = 1; minute <= minutes; minute++) {
    const before = await checks();
    await sleep(60_000);
    checksPerSecond.push(((await checks()) - before) / 60);
    megabytes.push(await worker.call.megabytes());
    console.error(
      `minute ${minute}: ${checksPerSecond.at(-1)?.toFixed(0)} checks/s, ${megabytes.at(-1)?.toFixed(0)} MB`,
    );
  }
  const cpuShare = ((await worker.call.cpuSeconds()) - cpuBefore) / (minutes * 60);
  const lateMs = (await standIn.call.gapsBetweenChecks()).map((gapMs) => gapMs - intervalSeconds * 1000);

  await standIn.call.release(sids);
  const completed = async () => (await client.workflow.count("ExecutionStatus = 'Completed'")).count;
  const deadline = Date.now() + 10 * intervalSeconds * 1000;
  while ((await completed()) < count && Date.now() < deadline) await sleep(1000);
  const ready = await completed();
  const { posts } = await standIn.call.traffic();
  return [
    {
      id: 'crowd-lost',
      figure: `${count.toLocaleString('en')} that wait on one worker, ${interval} between checks, then become ready`,
      ours: `${ready.toLocaleString('en')} ready, ${posts.toLocaleString('en')} POSTs`,
      against: '',
      goal: 'nothing lost, nothing doubled',
      met: ready === count && posts === count,
      samples: { ready: [ready], posts: [posts] },
    },
    {
      id: 'crowd-memory',
      figure: "worker's memory while they wait, minute by minute",
      ours: spread(megabytes, 'MB'),
      against: `${spread(checksPerSecond, 'checks/s')}, ${(100 * cpuShare).toFixed(0)} % of a processor`,
      samples: { megabytes, checksPerSecond, cpuShare: [cpuShare] },
    },
    {
      id: 'crowd-late',
      figure: 'how late a check is',
      ours: `median ${median(lateMs).toFixed(0)} ms, 99 of 100 within ${percentile(lateMs, 99).toFixed(0)} ms`,
      against: `${lateMs.length.toLocaleString('en')} checks`,
      samples: { p50: [median(lateMs)], p99: [percentile(lateMs, 99)], checks: [lateMs.length] },
    },
  ];
}
