import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { constants } from 'node:os';

/**
 * Runs a command, and ends it when the process that started this one is gone.
 *
 * The parent holds the other end of descriptor 3. The operating system closes it whatever ends the parent, SIGKILL
 * included, so no server is left behind. The command runs in the process group that this process leads.
 */
const [command = '', ...args] = process.argv.slice(2);

/** Time to stop in good order, before everything in the group is killed. */
const GRACE_MS = 5_000;

const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
child.on('error', (error) => {
  console.error(error.message);
  process.exit(127);
});
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));

// These signals are for the whole group, so the command has them already. Its end is the end of this process.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

new Socket({ fd: 3 })
  .on('close', () => {
    child.kill('SIGTERM');
    setTimeout(() => process.kill(-process.pid, 'SIGKILL'), GRACE_MS);
  })
  // A parent that was killed may leave a reset connection; `close` follows.
  .on('error', () => undefined)
  .resume();
