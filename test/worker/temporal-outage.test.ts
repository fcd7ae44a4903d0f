import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, mock, test } from 'node:test';
import { DefaultLogger, type LogEntry } from '@temporalio/worker';
import { startProgram } from '../../dev-stack/programs.js';
import { TemporalOutage } from '../../worker/process/temporal-outage.js';
import { startTemporalProcess } from '../reliability/temporal-process.js';

const target = 'temporalio_client::retry';
const unavailable = { target, error: 'Status { code: Unavailable, message: "tcp connect error" }' };

/** An outage with a fake clock, and its log at level INFO and above. */
function outageOn(t: { after(end: () => void): void }, answers = false) {
  mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const entries: LogEntry[] = [];
  const temporal = { answers };
  const outage = new TemporalOutage(new DefaultLogger('INFO', (entry) => entries.push(entry)), async () =>
    assert.ok(temporal.answers),
  );
  t.after(() => {
    outage.end();
    mock.timers.reset();
  });
  const pass = async (seconds: number, seen?: object) => {
    for (let second = 0; second < seconds; second++) {
      if (seen) outage.logger.log('WARN', 'gRPC call poll_activity_task_queue retried 9 times', { ...seen });
      mock.timers.tick(1000);
      // What the timer began ends within a few turns of the event loop.
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    }
  };
  const lines = () =>
    entries.map(({ level, message, meta }) => `${level} ${message} ${meta?.lostForSeconds ?? ''}`.trim());
  return { outage, temporal, pass, lines };
}

const lost = 'WARN Temporal does not answer: conversations wait until it does';

describe('a lost connection to Temporal', () => {
  test('is logged once, then less and less often', async (t) => {
    const { pass, lines } = outageOn(t);
    await pass(59, unavailable);
    assert.deepEqual(lines(), [lost]);
    await pass(3541, unavailable);
    assert.deepEqual(
      lines().slice(1),
      [60, 180, 420, 900, 1800, 2700, 3600].map((seconds) => `WARN Temporal still does not answer ${seconds}`),
    );
  });

  test('is logged again when it returns, and can be lost again', async (t) => {
    const { pass, lines, temporal } = outageOn(t);
    await pass(10, unavailable);
    temporal.answers = true;
    await pass(30);
    assert.deepEqual(lines(), [lost, 'INFO Temporal answers again 9']);
    await pass(1, unavailable);
    assert.equal(lines().at(-1), lost);
  });

  test('has not returned while Temporal answers but rejects calls', async (t) => {
    const { pass, lines } = outageOn(t, true);
    const refused = { target, error: 'Status { code: PermissionDenied, message: "no" }' };
    await pass(59, refused);
    assert.deepEqual(lines(), [lost]);
  });

  test('is logged again if the problem changes', async (t) => {
    const { pass, lines } = outageOn(t);
    await pass(2, unavailable);
    await pass(2, { target, error: 'Status { code: ResourceExhausted, message: "slow down" }' });
    assert.deepEqual(lines(), [lost, lost]);
  });

  test('hides no other lines', async (t) => {
    const { outage, lines } = outageOn(t);
    outage.logger.log('WARN', 'another line', { target: 'temporalio_sdk_core::worker' });
    outage.logger.info('and one of ours');
    assert.deepEqual(lines(), ['WARN another line', 'INFO and one of ours']);
  });

  test("is two lines in a worker's log: lost and back", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'outage-'));
    const temporal = await startTemporalProcess(folder);
    const worker = startProgram('worker/main.js', { env: { TEMPORAL_ADDRESS: temporal.address }, timeoutMs: 180_000 });
    t.after(async () => {
      worker.kill('SIGKILL');
      await temporal.stop('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    });
    await worker.reported('RUNNING');
    await temporal.stop('SIGKILL');
    await worker.reported('Temporal does not answer');
    await temporal.start();
    await worker.reported('Temporal answers again');
    worker.kill('SIGTERM');
    const { stderr, exitCode } = await worker.ended;
    assert.equal(exitCode, 0);
    const reports = stderr.split('\n').filter((line) => /gRPC|"core"|Temporal (does|answers)/.test(line));
    assert.equal(reports.length, 2, stderr);
  });
});
