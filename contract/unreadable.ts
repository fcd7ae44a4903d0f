/**
 * What stands for a payload that a worker can't read. Made by the worker's codec, so that workflow code never fails over
 * a payload; recognized by whoever needs what should have been there. No zod here: the workflow bundle imports this file.
 */
export interface UnreadablePayload {
  /** Nobody can read it: that will never change. */
  readonly 'nested-conversations/undecodable'?: string;
  /** It is encrypted with a key that this worker lacks, or that doesn't fit: another worker may read it. */
  readonly 'nested-conversations/locked'?: string;
  /** Where it stands for the message and the stack trace of a failure. */
  readonly message: string;
  readonly stack_trace: string;
}

const undecodable = 'nested-conversations/undecodable';
const locked = 'nested-conversations/locked';

export function undecodablePayload(reason: string): UnreadablePayload {
  return { [undecodable]: reason, message: reason, stack_trace: '' };
}

export function lockedPayload(reason: string): UnreadablePayload {
  // A failure is recognized by its message alone.
  return { [locked]: reason, message: `${locked}: ${reason}`, stack_trace: '' };
}

/** Why nobody can read what this value stands for; `undefined` for any other value. */
export function whyUndecodable(value: unknown): string | undefined {
  return textAt(value, undecodable);
}

/** Which key is missing for what this value stands for; `undefined` for any other value. */
export function whyLocked(value: unknown): string | undefined {
  return textAt(value, locked);
}

/** The same for the message of a failure that was encrypted. */
export function whyMessageLocked(message: string | undefined): string | undefined {
  return message?.startsWith(`${locked}: `) ? message.slice(locked.length + 2) : undefined;
}

/** The type of the failure of an activity whose input, or last heartbeat, its worker can't read. Never a caller's. */
export const lockedFailureType = 'PayloadLocked';

function textAt(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return String((value as Record<string, unknown>)[key]);
}
