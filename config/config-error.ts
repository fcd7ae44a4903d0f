import { NestedConversationError } from '../contract/nested-conversation-error.js';

/** Thrown when a setting can't be used. The message names the setting and the fix, in one line. */
export class ConfigError extends NestedConversationError {
  constructor(message: string) {
    super(message, {});
  }
}

/** A setting's value in quotes, without the credentials that a URL may contain. */
export function quoted(value: string): string {
  return `'${value.replace(/\/\/[^/\s]*@/g, '//***@')}'`;
}
