import { type ExecFileException, execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

export interface RunCommandOptions {
  cwd?: string;
  /** Added to this process's own environment. */
  env?: NodeJS.ProcessEnv;
  /** @default no limit */
  timeoutMs?: number;
  /** Kills the command when it aborts. */
  signal?: AbortSignal;
}

/** The suffix of executable files on this operating system. */
export const EXECUTABLE_SUFFIX = process.platform === 'win32' ? '.exe' : '';

/**
 * Runs a command to its end and returns its standard output.
 *
 * @throws Error with the command and the last lines of its standard error, without credentials in URLs
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env, timeoutMs = 0, signal }: RunCommandOptions = {},
): Promise<string> {
  try {
    const running = promisify(execFile)(command, args, {
      cwd,
      env: { ...process.env, ...env },
      timeout: timeoutMs,
      // SIGKILL, because some commands catch SIGTERM, for example those with the Temporal SDK.
      killSignal: 'SIGKILL',
      maxBuffer: Number.POSITIVE_INFINITY,
    });
    signal?.addEventListener('abort', () => running.child.kill('SIGKILL'), { once: true });
    return (await running).stdout;
  } catch (error) {
    const reason = describeFailure(error as ExecFileException);
    throw new Error(withoutCredentials(`${command} ${args.join(' ')}: ${reason}`));
  }
}

/** All executable files called `name` on the PATH, in its order. */
export function findOnPath(name: string): string[] {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name + EXECUTABLE_SUFFIX))
    .filter(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function describeFailure(error: ExecFileException): string {
  const lastWords = error.stderr?.trim().split('\n').slice(-12).join('\n');
  if (error.killed) return `gave no answer in time${lastWords ? `; its last words:\n${lastWords}` : ''}`;
  return lastWords || (typeof error.code === 'number' ? `exit code ${error.code}` : error.message);
}

function withoutCredentials(text: string): string {
  return text.replaceAll(/\/\/[^/@\s]+@/g, '//***@');
}
