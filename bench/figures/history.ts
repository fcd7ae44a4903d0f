import type { Client } from '@temporalio/client';
import { workflowIdOf } from '../../contract/names.js';
import type { Figure } from '../figure.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';

/** Measures what Temporal stores for a start, by its number of looks. */
export async function history({ standIn, startWorker, startLoad, client }: Stage, sizes: Sizes): Promise<Figure[]> {
  await startWorker({ runs: 'ours', taskQueue: 'ours' });
  await startWorker({ runs: 'floor', taskQueue: 'floor' });
  const { call: load } = await startLoad();

  const ours: HistorySize[] = [];
  const polling: HistorySize[] = [];
  for (const looks of sizes.looks) {
    await standIn.call.readyAtLook(looks);
    const [sid, workflowId] = await Promise.all([load.startOne('1 second'), load.startPolling(looks)]);
    ours.push(await historySize(client, workflowIdOf(sid)));
    polling.push(await historySize(client, workflowId));
  }

  // A history of more than one look also holds the failure of the last look but one.
  const [first, second] = ours;
  const isConstant = ours.every(
    ({ events, bytes }) => events === first?.events && bytes <= (second?.bytes ?? 0) * 1.01,
  );
  const show = (sizes: HistorySize[]) => sizes.map(({ events, bytes }) => `${events} (${bytes} B)`).join(', ');
  return [
    {
      id: 'history',
      figure: `events of history (bytes) at ${sizes.looks.join(', ')} looks`,
      ours: show(ours),
      against: `polling with timers ${show(polling)}`,
      goal: 'constant',
      met: isConstant,
      samples: {
        looks: sizes.looks,
        'ours, events': ours.map(({ events }) => events),
        'ours, bytes': ours.map(({ bytes }) => bytes),
        'polling, events': polling.map(({ events }) => events),
        'polling, bytes': polling.map(({ bytes }) => bytes),
      },
    },
  ];
}

interface HistorySize {
  readonly events: number;
  readonly bytes: number;
}

/** The history's size after the run has ended. */
async function historySize(client: Client, workflowId: string): Promise<HistorySize> {
  const handle = client.workflow.getHandle(workflowId);
  await handle.result();
  const { historyLength: events, historySize: bytes = 0 } = await handle.describe();
  return { events, bytes };
}
