import type { JobFacts, WorkspaceFacts } from './facts.js';
import { temporaryFailure, timedOut } from './job-scripts.js';
import type { Job, WorkspacePlan } from './plan.js';

/** What follows from what there is in the sandbox. */
export type WorkspaceConclusion =
  | { readonly kind: 'ready' }
  | { readonly kind: 'wait'; readonly job: Job }
  | {
      readonly kind: 'start';
      readonly job: Job;
      /** As the next one after so many. */
      readonly begun: number;
      /** Whether this run has tried before: then a pause is due. */
      readonly isAgain: boolean;
    }
  | { readonly kind: 'fail'; readonly reason: string };

/** How often a run begins a job that was cut short, or that met what may pass. */
const maximumTries = 3;

/**
 * First the checkout, then the setup script, where the repository has one. A job that has ended well is not run again, by
 * no run: the setup script runs once. One that was cut short is run from its beginning: half a setup is none.
 */
export function conclude(facts: WorkspaceFacts, plan: WorkspacePlan): WorkspaceConclusion {
  const checkout = concludeJob(plan.checkout, facts.jobs.checkout, plan.runId);
  if (checkout) return checkout;
  const setup = facts.hasSetupScript ? concludeJob(plan.setup, facts.jobs.setup, plan.runId) : undefined;
  return setup ?? { kind: 'ready' };
}

/** `undefined` where the job is done. */
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

/** In bytes: with what comes before it, as much of a failure's details as is told. */
const toldOutput = 280;

function endOf(output: string): string {
  const bytes = Buffer.from(output);
  if (bytes.length <= toldOutput) return output;
  // The first word, or character, is a half.
  return `…${bytes.subarray(-toldOutput).toString('utf8').replace(/^\S*/, '')}`;
}
