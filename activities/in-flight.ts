/** What is under way for a server. */
interface Load {
  count: number;
  /** How long an activity takes there, in milliseconds: a moving average. */
  tookMs: number;
  /** When the next one that was turned away would find room, if they came back one after another. */
  nextAt: number;
}

/** As long as nothing is known, a second. */
const firstGuessMs = 1000;

/** How much a new measurement counts. */
const weight = 0.2;

/**
 * Lets a number of activities at a time work on each nested server. What is more fails before it has sent anything: a
 * server that hangs must not hold the slots that starts on other servers need.
 */
export class InFlight {
  readonly #loads = new Map<string, Load>();

  /** @param maximum For each server. */
  constructor(readonly maximum: number) {}

  /**
   * Does the work, unless as much is under way for this server as may be.
   *
   * @param server `undefined` where it isn't known: then nothing will be sent
   * @param surplus The error to throw instead, given the time after which there may be room. Whoever is turned away later
   *   is told to come back later: thousands that come back at once would be turned away again.
   */
  async run<T>(server: string | undefined, work: () => Promise<T>, surplus: (waitMs: number) => Error): Promise<T> {
    if (server === undefined) return work();
    const load = this.#loads.get(server) ?? { count: 0, tookMs: firstGuessMs, nextAt: 0 };
    if (load.count >= this.maximum) throw surplus(this.#waitMs(load));
    this.#loads.set(server, load);
    load.count++;
    const startedAt = performance.now();
    try {
      return await work();
    } finally {
      load.tookMs += weight * (performance.now() - startedAt - load.tookMs);
      load.count--;
      if (load.count === 0) this.#loads.delete(server);
    }
  }

  #waitMs(load: Load): number {
    const now = performance.now();
    load.nextAt = Math.max(load.nextAt, now) + load.tookMs / this.maximum;
    return load.nextAt - now;
  }
}
