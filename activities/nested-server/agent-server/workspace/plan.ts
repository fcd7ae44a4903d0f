import { createHash } from 'node:crypto';
import { toMilliseconds } from '../../../../contract/duration.js';
import type { Conversation } from '../../../../contract/input.js';
import { repositoryOf } from '../../../../contract/repository.js';
import { workingDirOf } from '../settings.js';
import { checkoutScript, setupScript } from './job-scripts.js';

/** What a start wants to find in its conversation's working directory. */
export interface WorkspacePlan {
  readonly sid: string;
  /** The run of the workflow: what an earlier one failed at, this one tries again. */
  readonly runId: string;
  readonly workingDir: string;
  readonly checkout: Job;
  readonly setup: Job;
  /** The `Authorization` header that opens the repository. In no command: see `token-file.ts`. */
  readonly authorization?: string;
}

/** A program that runs in the sandbox, for longer than a request may take. */
export interface Job {
  readonly name: 'checkout' | 'setup';
  /** What a person reads while it runs. */
  readonly phase: 'preparing repository' | 'running setup script';
  /** Tells what the job does from what a job of the same name did for another repository or branch. */
  readonly key: string;
  /** For bash. */
  readonly script: string;
  readonly limitSeconds: number;
}

/** The plan of a conversation with a repository. */
export function planOf(conversation: Conversation, runId: string): WorkspacePlan {
  const { sid, settings, preparation } = conversation;
  const { url, authorization } = repositoryOf(settings);
  const branch = settings.selectedBranch || undefined;
  const target = { url, branch, newBranch: `openhands-workspace-${sid.slice(0, 8)}` };
  return {
    sid,
    runId,
    workingDir: workingDirOf(conversation),
    checkout: {
      name: 'checkout',
      phase: 'preparing repository',
      key: createHash('sha256').update(`${url}\n${branch}`).digest('hex').slice(0, 16),
      script: checkoutScript(target),
      limitSeconds: secondsOf(preparation.checkoutTimeout),
    },
    setup: {
      name: 'setup',
      phase: 'running setup script',
      key: 'setup.sh',
      script: setupScript,
      limitSeconds: secondsOf(preparation.setupTimeout),
    },
    ...(authorization !== undefined && { authorization }),
  };
}

function secondsOf(duration: string): number {
  return Math.ceil(toMilliseconds(duration) / 1000);
}
