import { ConfigError, oneLine } from '../config/config-error.js';
import { ConversationNotFoundError, ConversationTakenError, InvalidInputError } from './errors.js';

/** What the CLI's exit codes mean; 0 is success: started, ready, or told. */
export const exitCodes = {
  /** The start failed or was cancelled. */
  failed: 1,
  /** The command line or the input is wrong: nothing was started. */
  usage: 2,
  /** Temporal knows no start of this conversation. */
  notFound: 3,
  /** The conversation belongs to another user or server. */
  taken: 4,
  /** Temporal can't be reached, or its settings are wrong. */
  unreachable: 5,
} as const;

export function exitCodeOf(error: unknown): number {
  if (error instanceof InvalidInputError) return exitCodes.usage;
  if (error instanceof ConversationNotFoundError) return exitCodes.notFound;
  if (error instanceof ConversationTakenError) return exitCodes.taken;
  if (error instanceof ConfigError) return exitCodes.unreachable;
  return exitCodes.failed;
}

/** An error as JSON, for programs: its type and details where it is a failure of the contract. */
export function errorJson(error: unknown): object {
  const { name, message, type, details } = error as Error & { type?: string; details?: unknown };
  return { error: { type: type ?? name, message, ...(details !== undefined && { details }) } };
}

export function reportError(error: unknown): void {
  console.error(`nested-conversation: ${oneLine(error)}`);
}
