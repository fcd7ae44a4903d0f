import { type Figure, median } from '../figure.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';

/** How soon callers hear of the end, by how many of them may poll, and what their waiting takes. */
export async function hearing({ startLoad }: Stage, { hearing: kinds, watchSeconds }: Sizes): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { callers, longPolls, goalMs } of kinds) {
    const load = await startLoad();
    // Nobody polls this queue: they run until they are ended, and take no worker's time.
    const waiting = { runs: 'ours', taskQueue: 'without-a-worker', count: callers, interval: '60 minutes' } as const;
    const sids = await load.call.startWaiting(waiting);
    const options = { sids, longPolls, watchMs: watchSeconds * 1000 };
    const { lagsMs, during, describeMs, answered } = await load.call.hearOfEnds(options);
    const most = Math.max(...lagsMs);
    const perMinute = (value: number) => Math.round((value * 60) / watchSeconds).toLocaleString('en');
    figures.push({
      id: `hearing-${callers}-${longPolls}`,
      figure: `from the end to its callers: ${callers.toLocaleString('en')} wait, ${longPolls} poll`,
      ours: `median ${median(lagsMs).toFixed(0)} ms, at most ${most.toFixed(0)} ms; a minute: ${perMinute(during.calls)} calls, ${perMinute(during.cpuMs)} ms of CPU; a describe beside them ${describeMs.toFixed(0)} ms`,
      against: '',
      goal:
        goalMs.median === undefined
          ? `all within ${goalMs.most} ms`
          : `median ≤ ${goalMs.median} ms, ≤ ${goalMs.most} ms`,
      met: answered === callers && most <= goalMs.most && median(lagsMs) <= (goalMs.median ?? Number.POSITIVE_INFINITY),
      samples: { lagsMs, calls: [during.calls], cpuMs: [during.cpuMs], describeMs: [describeMs] },
    });
  }
  return figures;
}
