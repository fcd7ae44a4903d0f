/**
 * The replacement for a payload that a worker can't read. The worker's codec makes it, so that workflow code never
 * fails because of a payload. Code that needs the payload recognizes it. No zod here: the workflow bundle imports this
 * file.
 */
export interface UnreadablePayload {
  /** No worker can ever read the payload. */
  readonly 'nested-conversations/undecodable'?: string;
  /**
   * The payload is encrypted with a key that this worker does not have, or that doesn't match. Another worker may read
   * it.
   */
  readonly 'nested-conversations/locked'?: string;
  /** Used if it replaces the encrypted message and stack trace of a failure. */
  readonly message: string;
  readonly stack_trace: string;
}

const undecodable = 'nested-conversations/undecodable';
const locked = 'nested-conversations/locked';

export function undecodablePayload(reason: string): UnreadablePayload {
  return { [undecodable]: reason, message: reason, stack_trace: '' };
}

export function lockedPayload(reason: string): UnreadablePayload {
  // In a failure, only the message can be recognized.
  return { [locked]: reason, message: `${locked}: ${reason}`, stack_trace: '' };
}

/** Why the replaced payload can't be read; `undefined` for any other value. */
export function whyUndecodable(value: unknown): string | undefined {
  return textAt(value, undecodable);
}

/** Which key is missing for the replaced payload; `undefined` for any other value. */
export function whyLocked(value: unknown): string | undefined {
  return textAt(value, locked);
}

/** Which key is missing for the encrypted message of a failure. */
export function whyMessageLocked(message: string | undefined): string | undefined {
  return message?.startsWith(`${locked}: `) ? message.slice(locked.length + 2) : undefined;
}

/** The failure type of an activity whose worker can't read its input or last heartbeat. The caller never sees it. */
export const lockedFailureType = 'PayloadLocked';

function textAt(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return String((value as Record<string, unknown>)[key]);
}
