import { type Figure, median } from '../figure.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';

/** Measures how soon callers learn of a run's end, by the number of long polls, and the cost of their waiting. */
export async function hearing(
  { startLoad, startProxy }: Stage,
  { hearing: kinds, watchSeconds }: Sizes,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { callers, longPolls, streams, goalMs } of kinds) {
    const load = await startLoad(streams ? await startProxy(streams) : undefined);
    // No worker polls this queue. The runs wait until they are terminated, and cost no worker time.
    const waiting = { runs: 'ours', taskQueue: 'without-a-worker', count: callers, interval: '60 minutes' } as const;
    const sids = await load.call.startWaiting(waiting);
    const options = { sids, longPolls, watchMs: watchSeconds * 1000 };
    const { lagsMs, during, describeMs, answered, polls } = await load.call.hearOfEnds(options);
    const most = Math.max(...lagsMs);
    const perMinute = (value: number) => Math.round((value * 60) / watchSeconds).toLocaleString('en');
    figures.push({
      id: `hearing-${callers}-${longPolls}${streams ? `-${streams}` : ''}`,
      figure: `from the end to its callers: ${callers.toLocaleString('en')} wait, ${longPolls} poll${streams ? `, through a proxy that allows ${streams} calls at a time` : ''}`,
      ours: `median ${median(lagsMs).toFixed(0)} ms, at most ${most.toFixed(0)} ms; a minute: ${perMinute(during.calls)} calls, ${perMinute(during.cpuMs)} ms of CPU; a describe beside them ${describeMs.toFixed(0)} ms`,
      against: '',
      goal:
        goalMs.median === undefined
          ? `all within ${goalMs.most} ms`
          : `median ≤ ${goalMs.median} ms, ≤ ${goalMs.most} ms`,
      met: answered === callers && most <= goalMs.most && median(lagsMs) <= (goalMs.median ?? Number.POSITIVE_INFINITY),
      samples: { lagsMs, calls: [during.calls], cpuMs: [during.cpuMs], describeMs: [describeMs], polls: [polls] },
    });
  }
  return figures;
}
