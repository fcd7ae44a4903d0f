import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type BirpcReturn, createBirpc } from 'birpc';

/** A part of the bench in a process of its own, whose functions are called as if it were not. */
export interface BenchProcess<Functions extends object> {
  readonly call: BirpcReturn<Functions, object>;
  /** Resolves where it ends without being asked to. */
  readonly died: Promise<Error>;
  stop(): Promise<void>;
}

/** A call may take as long as what it measures. */
const timeout = -1;

/** Starts a module of this folder, which is to {@link serve} these functions. */
export function startProcess<Functions extends object>(module: string): BenchProcess<Functions> {
  const path = fileURLToPath(new URL(`${module}.js`, import.meta.url));
  const child = fork(path, {
    // So that an error arrives as what it is.
    serialization: 'advanced',
    execArgv: ['--expose-gc', '--enable-source-maps'],
    // As the image has it.
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

/** In such a process: answers calls until the bench is over, or gone. */
export function serve(functions: object): void {
  createBirpc(functions, {
    post: (message) => process.send?.(message),
    on: (listener) => process.on('message', listener),
    timeout,
  });
  process.once('disconnect', () => process.exit());
}

/** What every such process can tell of itself. */
export const usage = {
  /** Since it was started. */
  cpuSeconds(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },

  /** Resident memory, after a collection of this thread's heap. */
  megabytes(): number {
    globalThis.gc?.();
    return process.memoryUsage.rss() / 2 ** 20;
  },
};
