import type { Job } from './plan.js';

/** The facts of the sandbox. */
export interface WorkspaceFacts {
  readonly hasSetupScript: boolean;
  readonly jobs: { readonly [name in Job['name']]?: JobFacts };
}

/** The facts of a job that was begun. */
export interface JobFacts {
  /** How often all runs together have begun it. */
  readonly begun: number;
  /** What it was begun for, and by which run of the workflow. */
  readonly key: string;
  readonly runId: string;
  /** How often that run has begun it. */
  readonly tries: number;
  readonly state: JobState;
  /** The end of its output, if it ended without success. */
  readonly output: string;
}

export type JobState =
  | { readonly is: 'running' }
  | { readonly is: 'ended'; readonly exitCode: number }
  /** It has begun, has not ended, and is not running: the sandbox was restarted, or killed it. */
  | { readonly is: 'cut-short' };

/** Reads what `observeCommand` prints. */
export function parseFacts(printed: string): WorkspaceFacts {
  const lines = printed.split('\n').map((line) => line.split(' '));
  const outputs = new Map(lines.filter(([kind]) => kind === 'output').map(([, name, base64]) => [name, base64]));
  const jobs = lines.flatMap(([kind, name = '', begun, key = '', runId = '', tries, is, exitCode]) => {
    if (kind !== 'job') return [];
    const output = Buffer.from(outputs.get(name) ?? '', 'base64').toString('utf8');
    const facts: JobFacts = {
      begun: Number(begun),
      key,
      runId,
      tries: Number(tries),
      state: stateOf(is, exitCode),
      output,
    };
    return [[name, facts] as const];
  });
  return { hasSetupScript: lines.some(([kind]) => kind === 'setup-script'), jobs: Object.fromEntries(jobs) };
}

function stateOf(is: string | undefined, exitCode: string | undefined): JobState {
  if (is === 'ended') return { is, exitCode: Number(exitCode) };
  return { is: is === 'running' ? is : 'cut-short' };
}
