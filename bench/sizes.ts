/** How much is measured. */
export interface Sizes {
  /** How many rounds the compared subjects take turns. */
  readonly rounds: number;
  /** The same for CPU comparisons, which are less easily disturbed. */
  readonly cpuRounds: number;
  /** Starts per round, one at a time and 50 at a time. */
  readonly alone: number;
  readonly together: number;
  /** Numbers of looks for which a history is measured, the smallest first. */
  readonly looks: readonly number[];
  /** Conversations whose lag is measured, and the number of rounds. */
  readonly lagging: number;
  readonly lags: number;
  /** Starts before any measurement. */
  readonly warmUp: number;
  /** Waiting conversations, and clients that wait for some of them. */
  readonly waiting: number;
  readonly clients: number;
  /** Callers in one process, how many of them may poll, and when they learn of the end. */
  readonly hearing: readonly {
    readonly callers: number;
    readonly longPolls: number;
    /** Through a proxy that allows a connection this many calls at a time. */
    readonly streams?: number;
    readonly goalMs: { readonly median?: number; readonly most: number };
  }[];
  /** How many seconds the waiting is observed. */
  readonly watchSeconds: number;
  /** Concurrent starts of one conversation. */
  readonly burst: number;
  /** Events of a long stream. */
  readonly events: number;
  /** How often the cost of each kind of answer is measured. */
  readonly answerRounds: number;
}

export const full: Sizes = {
  rounds: 12,
  cpuRounds: 12,
  alone: 8,
  together: 100,
  looks: [1, 10, 60],
  lagging: 20,
  lags: 3,
  warmUp: 200,
  waiting: 5_000,
  clients: 2_000,
  hearing: [
    { callers: 64, longPolls: 64, goalMs: { median: 200, most: 1_000 } },
    { callers: 64, longPolls: 64, streams: 100, goalMs: { median: 200, most: 1_000 } },
    { callers: 64, longPolls: 0, goalMs: { most: 12_000 } },
    { callers: 500, longPolls: 500, goalMs: { median: 200, most: 1_000 } },
    { callers: 2_000, longPolls: 64, goalMs: { most: 12_000 } },
  ],
  watchSeconds: 20,
  burst: 1_000,
  events: 100_000,
  answerRounds: 12,
};

/** For figures that do not depend on the machine: see `bounds.ts`. */
export const guarded: Sizes = {
  rounds: 1,
  cpuRounds: 4,
  alone: 1,
  together: 60,
  looks: [1, 3],
  lagging: 0,
  lags: 0,
  warmUp: 200,
  waiting: 400,
  clients: 50,
  hearing: [{ callers: 64, longPolls: 64, goalMs: { median: 200, most: 1_000 } }],
  watchSeconds: 3,
  burst: 200,
  events: 20_000,
  answerRounds: 3,
};

/** For development: the figures are rougher, and 50 conversations wait instead of 5,000. */
export const quick: Sizes = {
  rounds: 1,
  cpuRounds: 2,
  alone: 3,
  together: 30,
  looks: [1, 2],
  lagging: 10,
  lags: 1,
  warmUp: 20,
  waiting: 50,
  clients: 40,
  hearing: [{ callers: 20, longPolls: 20, goalMs: { median: 200, most: 1_000 } }],
  watchSeconds: 1,
  burst: 100,
  events: 10_000,
  answerRounds: 3,
};
