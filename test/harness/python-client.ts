import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installPythonPackages } from '../../dev-stack/python-package.js';
import { root } from './packed.js';

export const examples = join(root, 'examples/python');
export const pythonClient = join(root, 'clients/python');

/** How a Python program ended. */
export interface Ended {
  /** Or the signal that ended it. */
  readonly exitCode: number | NodeJS.Signals | null;
  /** The JSON that it printed. */
  readonly output: unknown;
}

/** Runs Python in the folder of the examples, with the client of this checkout and none of this machine's settings. */
export type RunPython = (
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
  input?: string,
) => Promise<Ended>;

/** Installs the requirements of the Python client. The client itself runs from its source. */
export async function installForPython(): Promise<RunPython> {
  const lines = (await readFile(join(examples, 'requirements.txt'), 'utf8')).trim().split('\n');
  const requirements = lines.filter((line) => line.includes('=='));
  const python = await installPythonPackages({ requirements, report: console.error });
  return (args, env = {}, input = '') => {
    const ours = { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1', PYTHONPATH: pythonClient };
    const options = { cwd: examples, env: { ...ours, ...env } };
    return new Promise((resolve, reject) => {
      const child = execFile(python, args, options, (_, stdout, stderr) => {
        if (stdout === '') reject(new Error(stderr));
        else resolve({ exitCode: child.exitCode ?? child.signalCode, output: JSON.parse(stdout) });
      });
      child.stdin?.end(input);
    });
  };
}
