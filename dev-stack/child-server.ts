import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, isFree } from './free-port.js';

export interface StartChildServerOptions {
  /** The server's name in errors. */
  name: string;
  command: string;
  /** The arguments that make the server listen on this port of 127.0.0.1. */
  args: (port: number) => readonly string[];
  cwd?: string;
  /** The server's whole environment. */
  env: NodeJS.ProcessEnv;
  /** @default a free one */
  port?: number;
  /** A path that answers 200 once the server is up. */
  healthPath: string;
  /** @default 120000 */
  startTimeoutMs?: number;
}

export interface ChildServer {
  /** The base URL, without a trailing slash. */
  url: string;
  port: number;
  /**
   * Stops the server and the processes that it has started, and waits until they are gone. After a signal other than
   * SIGKILL, they have 10 seconds.
   *
   * @default 'SIGTERM'
   */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** The last 64 K characters of its output. */
  logs(): string;
}

const LOG_LIMIT = 64 * 1024;
const LOG_LINES_IN_ERROR = 30;
const STOP_GRACE_MS = 10_000;
const HEALTH_INTERVAL_MS = 100;

const runWithParent = fileURLToPath(new URL('./run-with-parent.js', import.meta.url));

/**
 * Starts an HTTP server as a child process and waits until it is up.
 *
 * The server is killed when this process exits. If this process is killed itself, run-with-parent.ts ends the server.
 *
 * @throws Error with the end of the server's log if the server ends or isn't up in time
 */
export async function startChildServer(options: StartChildServerOptions): Promise<ChildServer> {
  const { name, command, args, cwd, env, healthPath, startTimeoutMs = 120_000 } = options;
  const port = options.port ?? (await freePort());
  if (!(await isFree(port))) throw new Error(`${name} can't listen on port ${port}: it is taken`);
  const url = `http://127.0.0.1:${port}`;
  // The server gets its own process group, so that the processes it starts can be ended with it.
  const child = spawn(process.execPath, [runWithParent, command, ...args(port)], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await once(child, 'spawn');
  const pid = child.pid as number;

  let log = '';
  for (const output of [child.stdout, child.stderr]) {
    output?.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-LOG_LIMIT);
    });
  }
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const killAll = () => signalGroup(pid, 'SIGKILL');
  process.once('exit', killAll);
  child.once('exit', () => {
    process.off('exit', killAll);
    killAll();
  });

  const server: ChildServer = {
    url,
    port,
    logs: () => log,
    async stop(signal = 'SIGTERM') {
      if (!hasEnded()) signalGroup(pid, signal);
      const deadline = setTimeout(killAll, STOP_GRACE_MS);
      await closed;
      clearTimeout(deadline);
    },
  };

  const deadline = Date.now() + startTimeoutMs;
  while (!(await answers(url + healthPath))) {
    const failure = hasEnded()
      ? `ended with ${child.signalCode ?? `exit code ${child.exitCode}`} before it was up`
      : Date.now() > deadline && `was not up after ${startTimeoutMs / 1000} seconds`;
    if (failure) {
      await server.stop('SIGKILL');
      const lastLines = log.trimEnd().split('\n').slice(-LOG_LINES_IN_ERROR).join('\n');
      throw new Error(`${name} ${failure}. The end of its log:\n${lastLines}`);
    }
    await sleep(HEALTH_INTERVAL_MS);
  }
  return server;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has already ended.
  }
}
