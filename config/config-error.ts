import { NestedConversationError } from '../contract/nested-conversation-error.js';

/** Thrown for a setting that can't be used. Its message names the setting and the fix, in one line. */
export class ConfigError extends NestedConversationError {
  constructor(message: string) {
    super(message, {});
  }
}

/** A setting's value, without the credentials that a URL can hold. */
export function quoted(value: string): string {
  return `'${value.replace(/\/\/[^/\s]*@/g, '//***@')}'`;
}
