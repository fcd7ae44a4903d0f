import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.js';
import { findPython } from './find-python.js';
import { findUv, venvExecutable } from './find-uv.js';
import { installOnce } from './install-once.js';
import { readPipIndex } from './pip-index.js';
import { type RunCommandOptions, runCommand } from './run-command.js';

export interface InstallPythonPackagesOptions {
  /**
   * The venv to create. If it exists, nothing is done.
   * @default a folder in the cache, named after the requirements
   */
  folder?: string;
  /** Pinned, such as `openhands-ai==0.55.0`. */
  requirements: readonly string[];
  /**
   * Accepted versions of Python, in order of preference.
   * @default ['3']
   */
  python?: readonly string[];
  /** A date (`YYYY-MM-DD`). Later releases are ignored, which pins the indirect requirements as well. */
  resolvedAsOf?: string;
  report: (line: string) => void;
}

/**
 * Installs packages into a venv, from PyPI or the mirror that pip or uv is configured to use. Returns the path of the
 * venv's Python.
 *
 * uv does the work, because only uv can resolve as of a date. It is installed into the cache folder if it is missing.
 * If no suitable Python is installed, uv downloads one.
 *
 * @throws Error with the reason if there is no suitable Python or the packages can't be installed
 */
export async function installPythonPackages({
  requirements,
  folder = join(cacheFolder(), requirements.join('-').replaceAll('==', '-')),
  python = ['3'],
  resolvedAsOf,
  report,
}: InstallPythonPackagesOptions): Promise<string> {
  const venvPython = venvExecutable(folder, 'python');
  if (existsSync(venvPython)) return venvPython;
  // A venv breaks when the Python that it was made from is uninstalled. It is made again.
  await rm(folder, { recursive: true, force: true });

  const uv = await findUv(report);
  const env = await readPipIndex();
  // With the time: uv would read a bare date in the machine's time zone.
  const asOf = resolvedAsOf ? ['--exclude-newer', `${resolvedAsOf}T23:59:59Z`] : [];
  report(`Installing ${requirements.join(', ')} from PyPI into ${folder}`);
  await installOnce(folder, async (temporaryFolder) => {
    const venv = join(temporaryFolder, 'venv');
    // In this folder, uv doesn't find the configuration of a project.
    const options = { cwd: temporaryFolder, env };
    await makeVenv({ uv, venv, versions: python, options, report });
    const target = ['--python', venvExecutable(venv, 'python')];
    await runCommand(uv, ['pip', 'install', ...target, ...asOf, ...requirements], options);
    return venv;
  });
  return venvPython;
}

interface MakeVenvOptions {
  uv: string;
  venv: string;
  versions: readonly string[];
  options: RunCommandOptions;
  report: (line: string) => void;
}

async function makeVenv({ uv, venv, versions, options, report }: MakeVenvOptions): Promise<void> {
  // Relocatable, because installOnce moves it.
  const command = ['venv', '--relocatable', venv];
  const installed = await findPython(versions);
  if (installed) {
    await runCommand(uv, [...command, '--python', installed], options);
    return;
  }
  const [wanted = '3'] = versions;
  report(`Python ${versions.join(' or ')} is not installed; downloading Python ${wanted} with uv into uv's own folder`);
  try {
    await runCommand(uv, [...command, '--managed-python', '--python', wanted], options);
  } catch (error) {
    throw new Error(
      `Python ${versions.join(' or ')} is needed. None is installed, and uv could not download one. ` +
        `Install it so that \`python${wanted}\` works, for instance with apt, brew or \`pyenv install ${wanted}\`.\n` +
        `${(error as Error).message}`,
      { cause: error },
    );
  }
}
