import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type ProgramOptions, type RunningProgram, startProgram } from '../../dev-stack/programs.js';
import { OpenHandsStandIn, type OpenHandsStandInOptions } from '../../dev-stack/stand-ins/openhands-stand-in.js';

/**
 * What a test, or all tests of a file, need. What was started last ends first, so a connection closes before its server.
 */

/** How long something exists: until the end of one test (its context `t`), or of the whole {@link testFile}. */
export interface Scope {
  after(end: End): void;
}

type End = () => unknown;

/**
 * What all tests of a file share is awaited at the file's top level, above its first test: node:test takes a file whose
 * tests have ended for finished, even if the file still awaits something. It exists from the first test to the last.
 */
export const testFile: Scope = { after };

/**
 * `after` of node:test runs hooks in the order in which they were registered, and stops at the first that fails. So
 * each scope has one hook only. The file's is registered here, at import: registered by a `before` hook, it would run
 * as soon as that hook has ended.
 */
const endsOf = new WeakMap<Scope, End[]>();
const hasEnded = new WeakSet<Scope>();
openScope(testFile);

function openScope(scope: Scope): End[] {
  const ends: End[] = [];
  endsOf.set(scope, ends);
  scope.after(async function endAll(): Promise<void> {
    const end = ends.pop();
    if (!end) {
      hasEnded.add(scope);
      return;
    }
    try {
      await end();
    } finally {
      await endAll();
    }
  });
  return ends;
}

export function atEndOf(scope: Scope, end: End): void {
  if (hasEnded.has(scope)) {
    // Otherwise the file would never end.
    void end();
    throw new Error('Too late: move this above the first test of the file');
  }
  const ends = endsOf.get(scope) ?? openScope(scope);
  ends.push(end);
}

type Started = { stop(): unknown } | { close(): unknown };

export async function forTest<T extends Started>(scope: Scope, starting: Promise<T>): Promise<T> {
  const started = await starting;
  atEndOf(scope, () => ('stop' in started ? started.stop() : started.close()));
  return started;
}

export function forFile<T extends Started>(starting: Promise<T>): Promise<T> {
  return forTest(testFile, starting);
}

/** For a new one in each test, import `openhands-for-each-test.ts`. */
export function standInForFile(options?: OpenHandsStandInOptions): Promise<OpenHandsStandIn> {
  return forFile(OpenHandsStandIn.listen(options));
}

/** An empty folder, removed with all that is in it. */
export async function folderFor(scope: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nested-conversations-'));
  atEndOf(scope, () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A program of the build in a process of its own. If it still runs at the end, it is killed. */
export function startProgramFor(scope: Scope, program: string, options: ProgramOptions): RunningProgram {
  const running = startProgram(program, options);
  atEndOf(scope, () => {
    running.kill('SIGKILL');
    return running.ended;
  });
  return running;
}

export function startWorkerFor(scope: Scope, options: ProgramOptions): RunningProgram {
  return startProgramFor(scope, 'worker/main.js', options);
}
