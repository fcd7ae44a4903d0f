import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InFlight } from '../../activities/in-flight.js';

class Surplus extends Error {
  constructor(readonly waitMs: number) {
    super('surplus');
  }
}

test('surplus requests are told to retry one after another', async () => {
  const inFlight = new InFlight(2);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const run = () =>
    inFlight.run(
      'http://h',
      () => held,
      (waitMs) => new Surplus(waitMs),
    );
  const working = [run(), run()];
  const waits = await Promise.all(Array.from({ length: 100 }, () => run().catch((error: Surplus) => error.waitMs)));
  for (const [index, waitMs] of waits.entries()) assert(Number(waitMs) > Number(waits[index - 1] ?? 0));
  // Two at a time, with the first estimate of one second each.
  assert(Number(waits.at(-1)) > 40_000 && Number(waits.at(-1)) <= 50_000, String(waits.at(-1)));
  release();
  await Promise.all(working);
  await inFlight.run(
    'http://h',
    async () => undefined,
    (waitMs) => new Surplus(waitMs),
  );
});
