import type { JobFacts, WorkspaceFacts } from './facts.js';
import { temporaryFailure, timedOut } from './job-scripts.js';
import type { Job, WorkspacePlan } from './plan.js';

/** What is due, given the facts of the sandbox. */
export type WorkspaceConclusion =
  | { readonly kind: 'ready' }
  | { readonly kind: 'wait'; readonly job: Job }
  | {
      readonly kind: 'start';
      readonly job: Job;
      /** How often the job was begun before. */
      readonly begun: number;
      /** Whether this run has begun the job before. Then it pauses first. */
      readonly isAgain: boolean;
    }
  | { readonly kind: 'fail'; readonly reason: string };

/** How often one run begins a job that was cut short or failed for a temporary reason. */
const maximumTries = 3;

/**
 * The checkout comes first, then the setup script, if the repository has one. A job that has succeeded is never run
 * again, not even by another run, so the setup script runs once. A job that was cut short runs again from its
 * beginning.
 */
export function conclude(facts: WorkspaceFacts, plan: WorkspacePlan): WorkspaceConclusion {
  const checkout = concludeJob(plan.checkout, facts.jobs.checkout, plan.runId);
  if (checkout) return checkout;
  const setup = facts.hasSetupScript ? concludeJob(plan.setup, facts.jobs.setup, plan.runId) : undefined;
  return setup ?? { kind: 'ready' };
}

/** `undefined` if the job has succeeded. */
function concludeJob(job: Job, known: JobFacts | undefined, runId: string): WorkspaceConclusion | undefined {
  if (!known) return { kind: 'start', job, begun: 0, isAgain: false };
  const { state, begun, tries } = known;
  if (state.is === 'running') return { kind: 'wait', job };
  const isSame = known.key === job.key;
  if (isSame && state.is === 'ended' && state.exitCode === 0) return undefined;
  const isOurs = isSame && known.runId === runId;
  const mayPass = state.is === 'cut-short' || state.exitCode === temporaryFailure;
  if (isOurs && (!mayPass || tries >= maximumTries)) return { kind: 'fail', reason: reasonOf(job, known) };
  return { kind: 'start', job, begun, isAgain: isOurs };
}

function reasonOf({ phase, limitSeconds }: Job, { state, tries, output }: JobFacts): string {
  const said = output.trim() === '' ? ', and said nothing' : `: ${endOf(output.trim())}`;
  const triesMade = tries > 1 ? ` (${tries} tries)` : '';
  if (state.is !== 'ended') return `${phase} was cut short${triesMade}${said}`;
  if (state.exitCode === timedOut) return `${phase} took longer than ${limitSeconds} seconds${triesMade}${said}`;
  return `${phase} failed with exit code ${state.exitCode}${triesMade}${said}`;
}

/** In bytes: with the text before it, this fills the bound of a failure's detail: see `failure-boundary.ts`. */
const toldOutput = 280;

function endOf(output: string): string {
  const bytes = Buffer.from(output);
  if (bytes.length <= toldOutput) return output;
  // The cut can split the first word, or a character.
  return `…${bytes.subarray(-toldOutput).toString('utf8').replace(/^\S*/, '')}`;
}
