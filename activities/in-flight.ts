/** What is under way for a server. */
interface Load {
  count: number;
  /** How long an activity takes there, in milliseconds: a moving average. */
  tookMs: number;
  /** When the next one that was turned away would find room, if they came back one after another. */
  nextAt: number;
  /** Those that wait for room, the first to come first. */
  readonly waiting: Set<() => void>;
}

/** As long as nothing is known, a second. */
const firstGuessMs = 1000;

/** How much a new measurement counts. */
const weight = 0.2;

/** How long an activity waits for room before it is turned away: a server that is well has made some by then. */
const longestWaitMs = 2_000;

/** How many wait at a time, for all servers together. Each holds a slot of the worker meanwhile. */
const maximumWaiting = 100;

/**
 * Lets a number of activities at a time work on each nested server. What is more fails before it has sent anything: a
 * server that hangs must not hold the slots that starts on other servers need.
 */
export class InFlight {
  readonly #loads = new Map<string, Load>();
  #waiting = 0;

  /** @param maximum For each server. */
  constructor(readonly maximum: number) {}

  /**
   * Does the work, unless as much is under way for this server as may be, and stays so for a while.
   *
   * @param server `undefined` where it isn't known: then nothing will be sent
   * @param surplus The error to throw instead, given the time after which there may be room. Whoever is turned away later
   *   is told to come back later: thousands that come back at once would be turned away again.
   */
  async run<T>(server: string | undefined, work: () => Promise<T>, surplus: (waitMs: number) => Error): Promise<T> {
    if (server === undefined) return work();
    const load = this.#loadOf(server);
    if (load.count < this.maximum) load.count++;
    else if (!(await this.#roomIn(load))) throw surplus(this.#waitMs(load));
    const startedAt = performance.now();
    try {
      return await work();
    } finally {
      load.tookMs += weight * (performance.now() - startedAt - load.tookMs);
      this.#leave(server, load);
    }
  }

  #loadOf(server: string): Load {
    const load = this.#loads.get(server) ?? { count: 0, tookMs: firstGuessMs, nextAt: 0, waiting: new Set() };
    this.#loads.set(server, load);
    return load;
  }

  /** Resolves with true once somebody who leaves has made room, which is then taken. */
  async #roomIn({ waiting }: Load): Promise<boolean> {
    if (this.#waiting === maximumWaiting) return false;
    this.#waiting++;
    const hasRoom = await new Promise<boolean>((resolve) => {
      const enter = () => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        waiting.delete(enter);
        resolve(false);
      }, longestWaitMs);
      waiting.add(enter);
    });
    this.#waiting--;
    return hasRoom;
  }

  #leave(server: string, load: Load): void {
    const [next] = load.waiting;
    if (next) {
      load.waiting.delete(next);
      next();
      return;
    }
    load.count--;
    if (load.count === 0) this.#loads.delete(server);
  }

  #waitMs(load: Load): number {
    const now = performance.now();
    load.nextAt = Math.max(load.nextAt, now) + load.tookMs / this.maximum;
    return load.nextAt - now;
  }
}
