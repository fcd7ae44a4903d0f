import { setTimeout as sleep } from 'node:timers/promises';
import { workflowIdOf } from '../../contract/names.js';
import type { Figure } from '../figure.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';

/** Measures one conversation that many callers start at the same time. */
export async function burst({ standIn, startWorker, startLoad, client }: Stage, sizes: Sizes): Promise<Figure[]> {
  await startWorker({ runs: 'ours', taskQueue: 'ours' });
  const { call: load } = await startLoad();
  await standIn.call.readyAtLook(null);
  const sid = 'wanted-by-all';
  const begun = await load.startAtOnce(sid, sizes.burst);
  while ((await standIn.call.count([sid])) === 0) await sleep(50);
  await standIn.call.release([sid]);
  await client.workflow.getHandle(workflowIdOf(sid)).result();

  const { posts } = await standIn.call.traffic();
  let runs = 0;
  for await (const _ of client.workflow.list({ query: `WorkflowId = '${workflowIdOf(sid)}'` })) runs += 1;
  return [
    {
      id: 'burst',
      figure: `${sizes.burst.toLocaleString('en')} starts of one conversation at once`,
      ours: `${posts} POST, ${runs} run, begun by ${begun} start`,
      against: '',
      goal: 'one POST, one run',
      met: posts === 1 && runs === 1 && begun === 1,
      samples: { posts: [posts], runs: [runs], begun: [begun] },
    },
  ];
}
