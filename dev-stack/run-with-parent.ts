import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { constants } from 'node:os';

/**
 * Runs a command, and ends it when the parent of this process is gone.
 *
 * The parent holds the other end of descriptor 3. The operating system closes it however the parent ends, even by
 * SIGKILL, so no server is left behind. The command runs in the process group that this process leads.
 */
const [command = '', ...args] = process.argv.slice(2);

/** Time for a clean stop before the whole group is killed. */
const GRACE_MS = 5_000;

const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
child.on('error', (error) => {
  console.error(error.message);
  process.exit(127);
});
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));

// These signals go to the whole group, so the command gets them, too. This process ends when the command does.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

new Socket({ fd: 3 })
  .on('close', () => {
    child.kill('SIGTERM');
    setTimeout(() => process.kill(-process.pid, 'SIGKILL'), GRACE_MS);
  })
  // A killed parent may leave a reset connection. `close` follows.
  .on('error', () => undefined)
  .resume();
