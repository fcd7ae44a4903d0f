import { ServiceError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { TemporalUnreachableError } from '../client/connect.js';
import { ConversationNotFoundError, ConversationTakenError, InvalidInputError } from '../client/errors.js';
import { oneLine } from '../config/config-error.js';

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
} as const;

/** Thrown for a command line that can't be read. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const unreachable = [TemporalUnreachableError, NamespaceNotFoundError, ServiceError];

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof InvalidInputError) return exitCodes.usage;
  if (error instanceof ConversationNotFoundError) return exitCodes.notFound;
  if (error instanceof ConversationTakenError) return exitCodes.taken;
  if (unreachable.some((type) => error instanceof type)) return exitCodes.unreachable;
  return exitCodes.failed;
}

/** An error as JSON, for programs: its type and details where it is a failure of the contract. */
export function errorJson(error: unknown): object {
  const { name, type, details } = error as Error & { type?: string; details?: unknown };
  return { error: { type: type ?? name, message: oneLine(error), ...(details !== undefined && { details }) } };
}

/** Tells of an error: a person on standard error, a program by one JSON object on standard output. */
export function reportError(error: unknown, { json = false }: { readonly json?: boolean | undefined } = {}): void {
  if (json) console.log(JSON.stringify(errorJson(error)));
  else console.error(`nested-conversation: ${oneLine(error)}`);
}
