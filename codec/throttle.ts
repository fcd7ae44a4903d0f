import { setTimeout } from 'node:timers/promises';

/** Runs work one at a time, with a limited rate. Work beyond the rate waits. */
export class Throttle {
  #previous: Promise<unknown> = Promise.resolve();
  #nextAt = 0;

  /** @param bytesPerSecond The maximum rate of all work together. */
  constructor(private readonly bytesPerSecond: number) {}

  run<T extends { readonly length: number }>(work: () => Promise<T>): Promise<T> {
    const done = this.#previous.then(() => this.#inTurn(work));
    this.#previous = done.catch(() => undefined);
    return done;
  }

  async #inTurn<T extends { readonly length: number }>(work: () => Promise<T>): Promise<T> {
    const waitMs = this.#nextAt - performance.now();
    if (waitMs > 0) await setTimeout(waitMs);
    const result = await work();
    this.#nextAt = performance.now() + (result.length / this.bytesPerSecond) * 1000;
    return result;
  }
}
