// `npm run demo`. JavaScript, because it runs before anything is built: it answers `--help`, builds, and loads demo.ts
// in the same process, so that signals reach the code that cleans up.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const help = `Usage: npm run demo -- [options]

Starts a Temporal dev server, a worker and a nested server on this machine, and one conversation that becomes ready.

Options:
  --keep       leave everything up until Ctrl-C, to look around in the Web UI
  --encrypted  encrypt what Temporal sees
  --real       use a real OpenHands server instead of the stand-in (about 1.5 GB, needs Python 3.12 or newer)
  --no-build   take the build that is there
  --help       print this

TEMPORAL_ADDRESS names a Temporal server to use instead of a dev server.`;

/** How often a long step prints its progress. */
const TICK_MS = 500;

/** How often to check that the parent process is still there. */
const PARENT_CHECK_MS = 500;

const ended = new AbortController();
const parent = process.ppid;

/** Ends the demo with this exit code. Everything it has started is stopped. */
function end(reason, exitCode) {
  process.exitCode ??= exitCode;
  ended.abort(new Error(reason));
}

for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
]) {
  process.on(signal, () => end(`ended by ${signal}`, 128 + number));
}
// For example `npm run demo | head`: the reader has closed the pipe.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', () => end('nobody reads its output', 0));
}
// If npm is killed, no signal arrives here, but this process gets another parent.
setInterval(() => process.ppid !== parent && end('npm is gone', 1), PARENT_CHECK_MS).unref();

/** Shows progress until `work` settles, and resolves as it does. Rejects at once when the demo is ended. */
async function step(name, work) {
  const started = Date.now();
  const isLive = process.stdout.isTTY && process.env.TERM !== 'dumb';
  const show = () => {
    const seconds = Math.floor((Date.now() - started) / 1000);
    process.stdout.write(isLive ? `\r  ${name} ${seconds > 0 ? `${seconds} s ` : ''}` : '.');
  };
  if (isLive) show();
  else process.stdout.write(`  ${name} `);
  const ticks = setInterval(show, TICK_MS);
  try {
    return await Promise.race([work(), untilEnded()]);
  } finally {
    clearInterval(ticks);
    process.stdout.write(isLive ? '\r\x1b[K' : '\n');
  }
}

function untilEnded() {
  return new Promise((_, reject) => {
    const { signal } = ended;
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function build() {
  return new Promise((resolve, reject) => {
    const cwd = fileURLToPath(new URL('../', import.meta.url));
    const windows = process.platform === 'win32';
    const child = spawn('npm', ['run', '--silent', 'build'], { cwd, shell: windows, detached: !windows });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    const kill = () => process.kill(windows ? child.pid : -child.pid, 'SIGKILL');
    ended.signal.addEventListener('abort', kill, { once: true });
    child.on('error', reject);
    child.on('close', (code) => {
      ended.signal.removeEventListener('abort', kill);
      if (code === 0) resolve();
      else reject(new Error(`the build failed (npm run build):\n${output.trimEnd()}`));
    });
  });
}

function parseOptions() {
  try {
    const boolean = { type: 'boolean', default: false };
    const names = ['keep', 'real', 'encrypted', 'no-build', 'help'];
    return parseArgs({ options: Object.fromEntries(names.map((name) => [name, boolean])) }).values;
  } catch (error) {
    const [, option] = /'([^' ]+)/.exec(error.message) ?? [];
    console.error(`✖ '${option}' is no option of the demo. See: npm run demo -- --help`);
    process.exit(2);
  }
}

const options = parseOptions();
if (options.help) {
  console.log(help);
  process.exit();
}
try {
  if (!options['no-build']) await step('Building', build);
  const { demo } = await import('../dist/dev-stack/demo.js');
  await demo({ ...options, step, signal: ended.signal });
} catch (error) {
  // An end from outside is not an error.
  if (!ended.signal.aborted) {
    console.error(`✖ ${error.message}`);
    process.exitCode = 1;
  }
}
process.exit();
