import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type BirpcReturn, createBirpc } from 'birpc';

/** A part of the benchmark in its own process. Its functions can be called as if they were local. */
export interface BenchProcess<Functions extends object> {
  readonly call: BirpcReturn<Functions, object>;
  /** Resolves if the process ends unexpectedly. */
  readonly died: Promise<Error>;
  stop(): Promise<void>;
}

/** No time limit: a call can take as long as the measurement. */
const timeout = -1;

/** Starts a module of this folder that {@link serve}s these functions. */
export function startProcess<Functions extends object>(module: string): BenchProcess<Functions> {
  const path = fileURLToPath(new URL(`${module}.js`, import.meta.url));
  const child = fork(path, {
    // Keeps the type of an error.
    serialization: 'advanced',
    execArgv: ['--expose-gc', '--enable-source-maps'],
    // Same as in the container image.
    env: { PATH: process.env.PATH, MALLOC_TRIM_THRESHOLD_: '131072' },
  });
  const call = createBirpc<Functions, object>(
    {},
    {
      post: (message) => child.send(message),
      on: (listener) => child.on('message', listener),
      timeout,
    },
  );
  let isStopping = false;
  const died = new Promise<Error>((resolve) => {
    child.once('exit', (code, signal) => {
      const error = new Error(`The ${module} ended: ${signal ?? code}`);
      call.$close(error);
      if (!isStopping) resolve(error);
    });
  });
  return {
    call,
    died,
    async stop() {
      isStopping = true;
      if (!child.connected) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

/** Called in the process: answers calls until the benchmark ends or is killed. */
export function serve(functions: object): void {
  createBirpc(functions, {
    post: (message) => process.send?.(message),
    on: (listener) => process.on('message', listener),
    timeout,
  });
  process.once('disconnect', () => process.exit());
}

/** The resource usage of a process, for every process to serve. */
export const usage = {
  /** CPU time since the start of the process. */
  cpuSeconds(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },

  /** Resident memory, after a garbage collection of this thread's heap. */
  megabytes(): number {
    globalThis.gc?.();
    return process.memoryUsage.rss() / 2 ** 20;
  },
};
