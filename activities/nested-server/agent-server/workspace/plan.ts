import { createHash } from 'node:crypto';
import { toMilliseconds } from '../../../../contract/duration.js';
import type { Conversation } from '../../../../contract/input.js';
import { repositoryOf } from '../../../../contract/repository.js';
import { workingDirOf } from '../settings.js';
import { checkoutScript, setupScript } from './job-scripts.js';

/** What the conversation's working directory must hold, and how to get there. */
export interface WorkspacePlan {
  readonly sid: string;
  /** The workflow's run. A job that failed in an earlier run is tried again in this one. */
  readonly runId: string;
  readonly workingDir: string;
  readonly checkout: Job;
  readonly setup: Job;
  /** The `Authorization` header for the repository. It is part of no command: see `tokenFileCommand`. */
  readonly authorization?: string;
}

/** A program that runs in the sandbox and may take longer than a request. */
export interface Job {
  readonly name: 'checkout' | 'setup';
  /** Shown to people while it runs. */
  readonly phase: 'preparing repository' | 'running setup script';
  /** Identifies what the job does: the repository and branch it is for. A job with another key is not the same job. */
  readonly key: string;
  /** Run by bash. */
  readonly script: string;
  readonly limitSeconds: number;
}

/** Plans the workspace of a conversation with a repository. */
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
