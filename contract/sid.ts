import type { CreateNestedConversationInput } from './conversation-input.js';

const groups = /^([\da-f]{8})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{12})$/;

/**
 * The one spelling of a conversation id. For agent-server an id is a UUID, which may be written in upper case, without
 * dashes, in braces or as a URN: the server takes all of these for the same conversation, and so must the workflow id,
 * the lock. Any other id is returned as it is.
 */
export function canonicalSid(sid: string, server: CreateNestedConversationInput['server']): string {
  return (server === 'agent-server' && canonicalUuid(sid)) || sid;
}

/** Lower case with dashes; `undefined` where the text is no UUID in any spelling. */
export function canonicalUuid(text: string): string | undefined {
  const withoutPrefix = text.toLowerCase().replace(/^urn:uuid:/, '');
  const withoutBraces = withoutPrefix.replace(/^\{(.*)\}$/, '$1');
  return groups.exec(withoutBraces)?.slice(1).join('-');
}
