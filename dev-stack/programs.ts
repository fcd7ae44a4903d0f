import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export interface Ended {
  /** `null` if a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of the build, running in its own process. */
export interface RunningProgram {
  readonly pid: number | undefined;
  readonly ended: Promise<Ended>;
  /** Resolves once this text appears on standard error. Rejects if the program ends first. */
  reported(text: string): Promise<void>;
  /** Like `reported`, for standard output. Resolves with all output so far. */
  printed(text: string): Promise<string>;
  kill(signal?: NodeJS.Signals): void;
}

export interface ProgramOptions {
  readonly args?: readonly string[];
  /** The whole environment except PATH: the settings of this machine must not affect a test. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** A program that hangs is killed after this time. No test comes close to it. @default 180000 */
  readonly timeoutMs?: number;
}

/** Starts a program of the build, for example `cli/main.js`. */
export function startProgram(program: string, options: ProgramOptions): RunningProgram {
  const { args = [], env = {}, input = '', timeoutMs = 180_000 } = options;
  const path = fileURLToPath(new URL(`../${program}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    env: { PATH: process.env.PATH, ...env },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.end(input);
  const ended = once(child, 'close').then(([exitCode]) => ({ exitCode, stdout, stderr }));
  const shows = async (text: string, stream: Readable, shown: () => string) => {
    while (!shown().includes(text)) {
      const next = await Promise.race([once(stream, 'data'), ended]);
      if (!Array.isArray(next)) throw new Error(`It ended without '${text}': ${stderr}`);
    }
  };
  return {
    pid: child.pid,
    ended,
    reported: (text) => shows(text, child.stderr, () => stderr),
    async printed(text) {
      await shows(text, child.stdout, () => stdout);
      return stdout;
    },
    kill: (signal) => child.kill(signal),
  };
}
