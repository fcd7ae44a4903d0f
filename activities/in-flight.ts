/**
 * Lets a number of activities at a time work on each nested server. What is more fails before it has sent anything: a
 * server that hangs must not hold the slots that starts on other servers need.
 */
export class InFlight {
  readonly #counts = new Map<string, number>();

  /** @param maximum For each server. */
  constructor(readonly maximum: number) {}

  /**
   * Does the work, unless as much is under way for this server as may be.
   *
   * @param server `undefined` where it isn't known: then nothing will be sent
   * @param surplus The error to throw instead
   */
  async run<T>(server: string | undefined, work: () => Promise<T>, surplus: () => Error): Promise<T> {
    if (server === undefined) return work();
    const count = this.#counts.get(server) ?? 0;
    if (count >= this.maximum) throw surplus();
    this.#counts.set(server, count + 1);
    try {
      return await work();
    } finally {
      this.#leave(server);
    }
  }

  #leave(server: string): void {
    const left = (this.#counts.get(server) ?? 1) - 1;
    if (left > 0) this.#counts.set(server, left);
    else this.#counts.delete(server);
  }
}
