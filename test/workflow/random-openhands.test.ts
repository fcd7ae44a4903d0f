import { test } from 'node:test';
import { forFile } from '../harness/fixtures.js';
import { startTimeSkipping } from '../harness/temporal.js';
import { anyOpenHandsSchedule, stageOpenHands } from './random-openhands.js';
import { seed, trySchedules } from './random-run.js';

/** After any failure, a start ends truly ready or failed with a reason, and its message arrives once. */

const temporal = await forFile(startTimeSkipping());

test(`openhands: a start ends ready or failed with a reason, and its message arrives once (seed ${seed})`, (t) =>
  trySchedules(t, temporal, anyOpenHandsSchedule(), stageOpenHands));
