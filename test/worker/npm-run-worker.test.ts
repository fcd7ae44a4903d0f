import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { forFile } from '../harness/fixtures.js';
import { startDevServer } from '../harness/temporal.js';

const temporal = await forFile(startDevServer());

test('a signal to npm shuts its worker down gracefully', async (t) => {
  const { PATH, HOME } = process.env;
  const npm = spawn('npm', ['run', '--silent', 'worker'], {
    cwd: fileURLToPath(new URL('../../../', import.meta.url)),
    env: { PATH, HOME, ...temporal.variables, TEMPORAL_TASK_QUEUE: 'npm-run-worker' },
    stdio: ['ignore', 'ignore', 'pipe'],
    // Its own process group, so that a worker that outlives npm ends with the test.
    detached: true,
  });
  t.after(() => {
    try {
      process.kill(-(npm.pid ?? 0), 'SIGKILL');
    } catch {
      // All processes of the group have already ended.
    }
  });
  let log = '';
  npm.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  while (!log.includes('RUNNING')) await once(npm.stderr, 'data');
  npm.kill('SIGTERM');
  // The worker has this pipe, too. It closes once both have ended.
  await once(npm.stderr, 'close', { signal: AbortSignal.timeout(60_000) });
  assert.match(log, /"Worker stopped"/);
});
