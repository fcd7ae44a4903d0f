import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Ended {
  /** `null` where a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of the build that runs as a process of its own. */
export interface RunningProgram {
  readonly ended: Promise<Ended>;
  /** Resolves once this text was printed on standard error; rejects if the program ends without. */
  reported(text: string): Promise<void>;
  kill(signal?: NodeJS.Signals): void;
}

export interface ProgramOptions {
  readonly args?: readonly string[];
  /** The whole environment but for PATH: what is set on this machine is no part of a test. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** A program that hangs is killed after this time; none of the tests comes near. */
const hangMs = 60_000;

/** Starts a program of the build, e.g. `client/cli.js`. */
export function startProgram(program: string, { args = [], env = {}, input = '' }: ProgramOptions): RunningProgram {
  const path = fileURLToPath(new URL(`../../${program}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    env: { PATH: process.env.PATH, ...env },
    timeout: hangMs,
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
  return {
    ended,
    async reported(text) {
      while (!stderr.includes(text)) {
        const next = await Promise.race([once(child.stderr, 'data'), ended]);
        if (!Array.isArray(next)) throw new Error(`It ended without '${text}': ${stderr}`);
      }
    },
    kill: (signal) => child.kill(signal),
  };
}
