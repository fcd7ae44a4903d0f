import { setTimeout as sleep } from 'node:timers/promises';
import { scrape } from '../../dev-stack/scrape.js';
import type { Figure } from '../figure.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';
import { total } from '../total.js';

/** The load on the Temporal server of a start, or of a look that finds nothing. */
interface ServerLoad {
  /** Calls by clients and workers. */
  readonly calls: number;
  /** Requests to its database. */
  readonly database: number;
  /** Those of them that write a workflow's state. A history shard makes them one after the other. */
  readonly updates: number;
  /** Requests to its visibility store. */
  readonly visibility: number;
}

export async function serverLoad(stage: Stage, sizes: Sizes): Promise<Figure[]> {
  const { standIn, startWorker, startLoad } = stage;
  const worker = await startWorker({ runs: 'ours', taskQueue: 'ours' });
  await startWorker({ runs: 'floor', taskQueue: 'floor' });
  const { call: load } = await startLoad();
  const count = sizes.together;

  const starts: Record<string, ServerLoad> = {};
  for (const subject of ['ours', 'ours-plain', 'bare-calls', 'fenced-calls', 'no-ops'] as const) {
    await load.run({ subject, count: 20, atATime: 10 });
    starts[subject] = await during(stage, count, () => load.run({ subject, count, atATime: 20 }));
  }

  await standIn.call.readyAtLook(null);
  await load.startWaiting({ runs: 'ours', taskQueue: 'ours', count: 20, interval: '1 second' });
  await sleep(3000);
  const looksBefore = await worker.call.attempts('checkConversationReady');
  const before = await read(stage);
  await sleep(sizes.watchSeconds * 1000);
  const after = await read(stage);
  const looks = (await worker.call.attempts('checkConversationReady')) - looksBefore;
  const look = per(looks, before, after);

  const show = ({ calls, database, updates, visibility }: ServerLoad) =>
    `${calls.toFixed(1)} calls, ${database.toFixed(1)} to the database (${updates.toFixed(1)} updates), ${visibility.toFixed(1)} to visibility`;
  const { ours, ...others } = starts as Record<'ours' | 'fenced-calls', ServerLoad>;
  return [
    {
      id: 'server-load',
      figure: 'what Temporal does for a start',
      ours: show(ours),
      against: Object.entries<ServerLoad>(others)
        .map(([subject, counts]) => `${subject} ${show(counts)}`)
        .join('; '),
      goal: 'database ≤ fenced-calls + 2, visibility ≤ 3.1',
      met: ours.database <= others['fenced-calls'].database + 2 && ours.visibility <= 3.1,
      samples: Object.fromEntries(Object.entries(starts).map(([name, counts]) => [name, Object.values(counts)])),
    },
    {
      id: 'server-load-of-look',
      figure: 'what Temporal does for a look that finds nothing new',
      ours: show(look),
      against: '',
      samples: { ours: Object.values(look) },
    },
  ];
}

async function during(stage: Stage, count: number, work: () => Promise<unknown>): Promise<ServerLoad> {
  const settled = async () => {
    // The server does some work shortly after a workflow has ended, and reports its metrics once a second.
    await sleep(3000);
    return read(stage);
  };
  const before = await settled();
  await work();
  return per(count, before, await settled());
}

function per(count: number, before: ServerLoad, after: ServerLoad): ServerLoad {
  const each = (name: keyof ServerLoad) => (after[name] - before[name]) / count;
  return {
    calls: each('calls'),
    database: each('database'),
    updates: each('updates'),
    visibility: each('visibility'),
  };
}

async function read({ metricsPort }: Stage): Promise<ServerLoad> {
  if (metricsPort === undefined)
    throw new Error('What Temporal does is read from the metrics of a dev server of our own');
  const samples = await scrape(metricsPort);
  return {
    calls: total(samples, 'service_requests', 'service_name', ['frontend']),
    database: total(samples, 'persistence_requests'),
    updates: total(samples, 'persistence_requests', 'operation', [
      'CreateWorkflowExecution',
      'UpdateWorkflowExecution',
    ]),
    visibility: total(samples, 'visibility_persistence_requests'),
  };
}
