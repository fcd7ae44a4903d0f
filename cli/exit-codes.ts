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

/** The exit codes of the CLI. 0 means success. */
export const exitCodes = {
  /** The start failed or was cancelled, or a setting can't be used. */
  failed: 1,
  /** The command line or the input is wrong: nothing was started. */
  usage: 2,
  /** There is no run of this conversation. */
  notFound: 3,
  /** The conversation belongs to another user or server, or its workflow id to another workflow. */
  taken: 4,
  /** Temporal can't be reached, or has no such namespace. */
  unreachable: 5,
  /** The conversation already exists, and this message was not sent to it. */
  notSent: 6,
  /** The start continues: the wait's time limit ended, or `--exit-status` was used on a running start. */
  goesOn: 7,
} as const;

/** Thrown when the command line is invalid. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Thrown when a person or a supervisor interrupts the wait. */
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
  // The exit code that a shell reports for a process ended by a signal.
  if (error instanceof InterruptedError) return 128 + constants.signals[error.signal];
  const found = codes.find(([, errors]) => errors.some((type) => error instanceof type));
  return found?.[0] ?? exitCodes.failed;
}
