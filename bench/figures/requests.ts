import { workflowIdOf } from '../../contract/names.js';
import type { Figure } from '../figure.js';
import type { Traffic } from '../processes/stand-in.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';

const looks = 6;

/** What the nested server sees of it. */
export async function requests({ standIn, startWorker, startLoad, client }: Stage, sizes: Sizes): Promise<Figure[]> {
  await startWorker({ runs: 'ours', taskQueue: 'ours' });
  const { call: load } = await startLoad();
  const during = async (work: () => Promise<unknown>): Promise<Traffic> => {
    const before = await standIn.call.traffic();
    await work();
    const after = await standIn.call.traffic();
    return Object.fromEntries(
      Object.entries(after).map(([name, value]) => [name, value - before[name as keyof Traffic]]),
    ) as unknown as Traffic;
  };

  const one = await during(() => load.run({ subject: 'ours', count: 1, atATime: 1 }));
  const many = await during(() => load.run({ subject: 'ours', count: sizes.together, atATime: 10 }));

  const lookAt = (events: number) =>
    during(async () => {
      const sid = `after-${events}-events`;
      await standIn.call.createFormer(sid, events);
      await load.startOne('1 second', { sid, maximumAttempts: looks });
      await client.workflow
        .getHandle(workflowIdOf(sid))
        .result()
        .catch(() => undefined);
    });
  await standIn.call.readyAtLook(null);
  const short = await lookAt(100);
  const long = await lookAt(sizes.events);
  const perLook = (traffic: Traffic) => Math.round(traffic.bytesSent / looks);

  return [
    {
      id: 'requests',
      figure: 'requests for a start, server ready at once',
      ours: `${one.requests} (${one.posts} POST)`,
      against: '',
      samples: { requests: [one.requests], posts: [one.posts] },
    },
    {
      id: 'connections',
      figure: 'connections opened for a conversation',
      ours: `${(many.connections / sizes.together).toFixed(2)}, ${many.connections} for ${sizes.together}, 10 at a time`,
      against: `${many.requests} requests`,
      goal: 're-used',
      met: many.connections <= 10 + 10,
      samples: { connections: [many.connections], conversations: [sizes.together] },
    },
    {
      id: 'bytes-per-look',
      figure: `bytes parsed per look on a stream of ${sizes.events.toLocaleString('en')} events`,
      ours: `${perLook(long)} B`,
      against: `100 events: ${perLook(short)} B`,
      goal: 'constant',
      met: perLook(long) <= perLook(short) * 1.05,
      samples: { long: [perLook(long)], short: [perLook(short)], ratio: [perLook(long) / perLook(short)] },
    },
  ];
}
