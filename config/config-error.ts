import { NestedConversationError } from '../contract/nested-conversation-error.js';

/** Thrown for a setting that can't be used. Its message names the setting and the fix, in one line. */
export class ConfigError extends NestedConversationError {
  constructor(message: string) {
    super(message, {});
  }
}

/** What went wrong, and what that came from, in one line: for a process that ends because of it. */
export function oneLine(error: unknown): string {
  const { message = String(error), cause } = error instanceof Error ? error : {};
  const whole = cause instanceof Error ? `${message}: ${cause.message}` : message;
  return whole.replace(/\s+/g, ' ').trim();
}

/** A setting's value, without the credentials that a URL can hold. */
export function quoted(value: string): string {
  return `'${value.replace(/\/\/[^/\s]*@/g, '//***@')}'`;
}
