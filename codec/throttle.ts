import { setTimeout } from 'node:timers/promises';

/** Lets work through one at a time, and at no more than a rate: what comes all at once waits. */
export class Throttle {
  #previous: Promise<unknown> = Promise.resolve();
  #nextAt = 0;

  /** @param bytesPerSecond What all of the work may amount to. */
  constructor(private readonly bytesPerSecond: number) {}

  /** Does the work when its turn has come. */
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
