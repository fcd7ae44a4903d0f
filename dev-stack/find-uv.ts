import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.js';
import { findPython } from './find-python.js';
import { installOnce } from './install-once.js';
import { EXECUTABLE_SUFFIX, findOnPath, runCommand } from './run-command.js';

const UV_VERSION = '0.13.9';

/**
 * The path of a `uv` executable, from the PATH or the cache folder. If there is none, pip installs it into the cache
 * folder.
 *
 * @throws Error if there is no Python, or it has neither pip nor venv
 */
export async function findUv(report: (line: string) => void): Promise<string> {
  for (const path of findOnPath('uv')) {
    if (await succeeds(path, ['--version'])) return path;
  }
  const folder = join(cacheFolder(), `uv-${UV_VERSION}`);
  const uv = join(folder, 'bin', `uv${EXECUTABLE_SUFFIX}`);
  if (existsSync(uv)) return uv;

  report(`Downloading uv ${UV_VERSION} from PyPI to ${folder}`);
  await installOnce(folder, async (temporaryFolder) => {
    const target = join(temporaryFolder, 'uv');
    const pip = await findPip(temporaryFolder);
    // Into a target folder: many systems forbid pip to install outside of a venv (PEP 668).
    const install = ['-m', 'pip', 'install', '--no-input', '--no-deps', '--target', target];
    await runCommand(pip, [...install, `uv==${UV_VERSION}`]);
    return target;
  });
  return uv;
}

/** The path of a Python with pip, from a new venv if necessary. */
async function findPip(folder: string): Promise<string> {
  const python = await findPython(['3']);
  if (!python) throw new Error('There is no Python 3. Install one with its venv module, or install uv.');
  if (await succeeds(python, ['-m', 'pip', '--version'])) return python;
  const venv = join(folder, 'venv');
  if (await succeeds(python, ['-m', 'venv', venv])) return venvExecutable(venv, 'python');
  throw new Error(
    `${python} has neither pip nor a working venv module. Install one of them ` +
      '(on Debian and Ubuntu: apt install python3-venv), or install uv.',
  );
}

/** The path of an executable in a venv. */
export function venvExecutable(venv: string, name: string): string {
  return join(venv, process.platform === 'win32' ? 'Scripts' : 'bin', name + EXECUTABLE_SUFFIX);
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return runCommand(command, args).then(
    () => true,
    () => false,
  );
}
