import { workflowIdOf } from '../../contract/names.js';
import type { Figure } from '../figure.js';
import type { Traffic } from '../processes/stand-in.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';

/** The numbers of looks between which the cost of one look is measured. */
const few = 1;
const many = 3;

/** Measures what the nested server receives. */
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
  const several = await during(() => load.run({ subject: 'ours', count: sizes.together, atATime: 10 }));

  await standIn.call.readyAtLook(null);
  const bytesOf = async (events: number, maximumAttempts: number): Promise<number> => {
    const sid = `after-${events}-events-for-${maximumAttempts}-looks`;
    await standIn.call.createFormer(sid, events);
    const { bytesSent } = await during(async () => {
      await load.startOne('1 second', { sid, maximumAttempts });
      await client.workflow
        .getHandle(workflowIdOf(sid))
        .result()
        .catch(() => undefined);
    });
    return bytesSent;
  };
  const perLook = async (events: number) =>
    Math.round(((await bytesOf(events, many)) - (await bytesOf(events, few))) / (many - few));
  const short = await perLook(100);
  const long = await perLook(sizes.events);

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
      ours: `${(several.connections / sizes.together).toFixed(2)}, ${several.connections} for ${sizes.together}, 10 at a time`,
      against: `${several.requests} requests`,
      goal: 're-used',
      met: several.connections <= 10 + 10,
      samples: { connections: [several.connections], conversations: [sizes.together] },
    },
    {
      id: 'bytes-per-look',
      figure: `bytes that a look reads on a stream of ${sizes.events.toLocaleString('en')} events`,
      ours: `${long} B`,
      against: `100 events: ${short} B`,
      goal: 'constant',
      met: long <= short * 1.05,
      samples: { long: [long], short: [short], ratio: [long / short] },
    },
  ];
}
