import { after, before, test } from 'node:test';
import { startTimeSkipping, type Temporal } from '../harness/temporal.js';
import { anyOpenHandsSchedule, stageOpenHands } from './random-openhands.js';
import { seed, trySchedules } from './random-run.js';

/** Whatever goes wrong, a start ends either truly ready or failed with a reason, and its message arrives once. */
let temporal: Temporal;

before(async () => {
  temporal = await startTimeSkipping();
});
after(() => temporal.stop());

test(`openhands: a start ends truly ready or fails for a reason, and its message arrives once (seed ${seed})`, (t) =>
  trySchedules(t, temporal, anyOpenHandsSchedule(), stageOpenHands));
