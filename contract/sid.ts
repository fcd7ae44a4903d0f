import type { CreateNestedConversationInput } from './conversation-input.js';

const groups = /^([\da-f]{8})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{12})$/;

/**
 * The canonical spelling of a conversation id. For agent-server an id is a UUID, which may be written in upper case,
 * without dashes, in braces or as a URN. The server treats all of these as the same conversation, so the workflow id,
 * which is the lock, must be the same too. Other ids are returned unchanged.
 */
export function canonicalSid(sid: string, server: CreateNestedConversationInput['server']): string {
  return (server === 'agent-server' && canonicalUuid(sid)) || sid;
}

/** Lower case with dashes; `undefined` if the text is not a UUID. */
export function canonicalUuid(text: string): string | undefined {
  const withoutPrefix = text.toLowerCase().replace(/^urn:uuid:/, '');
  const withoutBraces = withoutPrefix.replace(/^\{(.*)\}$/, '$1');
  return groups.exec(withoutBraces)?.slice(1).join('-');
}
