import { setMaxListeners } from 'node:events';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { launchDevServer } from '../../dev-stack/dev-server.js';
import { findTimeSkippingServer } from '../../dev-stack/temporal-binaries.js';
import { sharedServerVariable } from './shared-server.js';

/**
 * Runs test files side by side, each in its own process, with one Temporal dev server that they share.
 *
 * A test file also runs without this. It then starts its own dev server.
 */
const files = process.argv.slice(2).sort((one, other) => rank(one) - rank(other));

/** Files wait for timers and servers about half of their time, so two of them fit on a core. */
const concurrency = Number(process.env.TEST_CONCURRENCY) || 2 * availableParallelism();

/** A file that hangs fails. No file of `npm test` takes more than a minute or two. */
const longestFileMs = Number(process.env.TEST_FILE_TIMEOUT_MS) || 10 * 60_000;

const stopped = new AbortController();
// Each test file adds a listener to it.
setMaxListeners(0, stopped.signal);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopped.abort());

// Downloaded once, before the files would do it side by side.
await findTimeSkippingServer(console.error);
const server = await launchDevServer({ report: console.error });
process.env[sharedServerVariable] = server.address;

const results = run({ files, concurrency, signal: stopped.signal, timeout: longestFileMs });
results.on('test:fail', () => {
  process.exitCode = 1;
});
results.compose(new spec()).pipe(process.stdout);
results.once('end', () => server.stop('SIGKILL'));

/** The slowest files come first, so that none of them is left to run alone at the end. */
function rank(file: string): number {
  const longest = ['random-', 'cli/cli', 'doctor', 'client/waiting', 'tracing', 'missing-keys', 'large-replays'];
  const place = longest.findIndex((name) => file.includes(name));
  return place === -1 ? longest.length : place;
}
