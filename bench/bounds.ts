import type { Figure } from './figure.js';

/** The upper bound of a figure that does not depend on the machine. */
interface Bound {
  /** The figure's id. */
  readonly id: string;
  readonly samples: string;
  readonly atMost: number;
}

/**
 * The regression guard: today's values, exact where the figure is, otherwise with some slack. A commit that raises one
 * says why.
 */
const bounds: readonly Bound[] = [
  { id: 'history', samples: 'ours, events', atMost: 17 },
  // 5,130 today, for a message of 13 characters. It also depends on the lengths of ids and ports.
  { id: 'history', samples: 'ours, bytes', atMost: 5_500 },
  // 872 KB today.
  { id: 'bundle', samples: 'ours', atMost: 900_000 },
  { id: 'requests', samples: 'requests', atMost: 6 },
  { id: 'requests', samples: 'posts', atMost: 1 },
  // Ten requests at a time hold ten connections, and a few more can be opened before another is free.
  { id: 'connections', samples: 'connections', atMost: 20 },
  // 731 today, including headers.
  { id: 'bytes-per-look', samples: 'long', atMost: 900 },
  { id: 'bytes-per-look', samples: 'ratio', atMost: 1.05 },
  { id: 'burst', samples: 'posts', atMost: 1 },
  { id: 'burst', samples: 'runs', atMost: 1 },
  { id: 'slots', samples: 'slots', atMost: 0 },
  // One long poll, because these runs end before the first is due again.
  { id: 'hearing-64-64', samples: 'polls', atMost: 1 },
  // 1.08 today, in the best round of twelve. Both sides run at the same time.
  { id: 'cpu-ratio', samples: 'least', atMost: 1.3 },
  { id: 'cpu-ratio-busy', samples: 'least', atMost: 1.3 },
  // 1.2 today; 1.5 with zod.
  { id: 'client-import', samples: 'least', atMost: 1.5 },
  // 0.14 today for 5,000 conversations; 0.38 with zod. A few hundred show less, because they still fit into freed memory.
  { id: 'memory-cached', samples: 'MB each', atMost: 0.2 },
];

/** The figures beyond their bounds, in words. */
export function violations(figures: readonly Figure[]): string[] {
  return bounds.flatMap(({ id, samples, atMost }) => {
    const found = figures.find((figure) => figure.id === id)?.samples[samples];
    if (!found?.length) throw new Error(`Nothing was measured of ${id}, ${samples}`);
    const most = Math.max(...found);
    return most <= atMost ? [] : [`${id}, ${samples}: ${most} is more than ${atMost}`];
  });
}
