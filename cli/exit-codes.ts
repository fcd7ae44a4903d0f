import { constants } from 'node:os';
import { ServiceError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { TemporalUnreachableError } from '../client/connect.js';
import {
  ConversationNotFoundError,
  ConversationTakenError,
  InvalidInputError,
  MessageNotSentError,
  StartNotComparableError,
  WaitTimeoutError,
} from '../client/errors.js';

/** What the CLI's exit codes mean; 0 is success: started, ready, or told. */
export const exitCodes = {
  /** The start failed or was cancelled, or a setting can't be used. */
  failed: 1,
  /** The command line or the input is wrong: nothing was started. */
  usage: 2,
  /** Temporal knows no start of this conversation. */
  notFound: 3,
  /** The conversation belongs to another user or server. */
  taken: 4,
  /** Temporal can't be reached, or has no such namespace. */
  unreachable: 5,
  /** The conversation is there already, and this message was not sent to it. */
  notSent: 6,
  /** The start goes on: the time limit of the wait ended, or `--exit-status` was asked of a start that runs. */
  goesOn: 7,
} as const;

/** Thrown for a command line that can't be read. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Thrown where a person, or a supervisor, ends the waiting. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  constructor(readonly signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`);
  }
}

type ErrorClass = abstract new (...args: never[]) => Error;

const codes: readonly (readonly [code: number, errors: readonly ErrorClass[]])[] = [
  [exitCodes.usage, [UsageError, InvalidInputError]],
  [exitCodes.notFound, [ConversationNotFoundError]],
  [exitCodes.taken, [ConversationTakenError]],
  [exitCodes.notSent, [MessageNotSentError, StartNotComparableError]],
  [exitCodes.goesOn, [WaitTimeoutError]],
  [exitCodes.unreachable, [TemporalUnreachableError, NamespaceNotFoundError, ServiceError]],
];

export function exitCodeOf(error: unknown): number {
  // As a shell tells of a process that a signal ended.
  if (error instanceof InterruptedError) return 128 + constants.signals[error.signal];
  const found = codes.find(([, errors]) => errors.some((type) => error instanceof type));
  return found?.[0] ?? exitCodes.failed;
}
