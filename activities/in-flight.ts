/** The activities of one server. */
interface Load {
  count: number;
  /** How long an activity takes on this server, in milliseconds: a moving average. */
  tookMs: number;
  /** The estimated time at which there is room for the next activity that is rejected. */
  nextAt: number;
  /** The activities that wait for room, in order of arrival. */
  readonly waiting: Set<() => void>;
}

/** The first estimate of `tookMs`, before anything was measured. */
const firstGuessMs = 1000;

/** The weight of a new measurement in the moving average. */
const weight = 0.2;

/** How long an activity waits for room before it is rejected. A healthy server makes room within this time. */
const longestWaitMs = 2_000;

/** The maximum number of waiting activities, for all servers together. Each of them holds a slot of the worker. */
const maximumWaiting = 100;

/**
 * Limits the number of activities at a time for each nested server. An activity over the limit fails before it sends
 * anything: a hanging server must not hold the slots that other servers need.
 */
export class InFlight {
  readonly #loads = new Map<string, Load>();
  #waiting = 0;

  /** @param maximum The limit for each server. */
  constructor(readonly maximum: number) {}

  /**
   * Does the work if the server has room, or makes room within `longestWaitMs`.
   *
   * @param server `undefined` if it isn't known: then nothing will be sent
   * @param surplus Creates the error to throw otherwise. `waitMs` is the time until there may be room. Each rejected
   *   activity gets a later time than the one before: if thousands returned at once, they would be rejected again.
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

  /** Resolves with true once another activity has handed over its place. */
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
