import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { EXECUTABLE_SUFFIX, findOnPath, runCommand } from './run-command.js';

const PRINT_VERSION_AND_PATH = 'import sys; print("%d.%d.%d" % sys.version_info[:3]); print(sys.executable)';

/**
 * The path of an installed Python of one of `versions`, such as `3.12` or `3`, in order of preference; undefined if
 * there is none.
 *
 * Each candidate is run, because a name proves nothing: pyenv puts a `python3.12` on the PATH that fails unless 3.12 is
 * the selected version, even if pyenv has one in its folder.
 */
export async function findPython(versions: readonly string[]): Promise<string | undefined> {
  for (const version of versions) {
    const names = [`python${version}`, 'python3', 'python'];
    for (const candidate of [...names.flatMap(findOnPath), ...(await listPyenvPythons(version))]) {
      const python = await askPython(candidate);
      if (python && `${python.version}.`.startsWith(`${version}.`)) return python.path;
    }
  }
  return undefined;
}

async function askPython(candidate: string): Promise<{ version: string; path: string } | undefined> {
  try {
    const [version, path] = (await runCommand(candidate, ['-c', PRINT_VERSION_AND_PATH], { timeoutMs: 20_000 }))
      .trim()
      .split(/\r?\n/);
    return version && path ? { version, path } : undefined;
  } catch {
    return undefined;
  }
}

async function listPyenvPythons(version: string): Promise<string[]> {
  const folder = join(process.env.PYENV_ROOT || join(homedir(), '.pyenv'), 'versions');
  const installed = await readdir(folder).catch(() => []);
  return installed
    .filter((name) => name.startsWith(`${version}.`))
    .map((name) => join(folder, name, 'bin', `python${EXECUTABLE_SUFFIX}`));
}
