import type { Conversation } from '../../../contract/input.js';
import type { HttpRequest } from '../http-client.js';
import type { AgentServerStep } from './conclude.js';
import { settingsFor } from './settings.js';
import type { Message } from './state.js';

export function pathOf(sid: string): string {
  return `/api/conversations/${encodeURIComponent(sid)}`;
}

/**
 * Builds the request of a step.
 *
 * @param version The server's version, if a create depends on it: see `dependsOnVersion`
 */
export function requestOf(
  step: AgentServerStep,
  conversation: Conversation,
  message: Message,
  version?: string,
): HttpRequest {
  const { sid } = conversation;
  switch (step) {
    case 'create':
      return { method: 'POST', path: '/api/conversations', body: startOf(conversation, message, version) };
    case 'deliver':
      return { method: 'POST', path: `${pathOf(sid)}/events`, body: messageOf(conversation) };
    case 'nudge':
      return { method: 'POST', path: `${pathOf(sid)}/events`, body: { role: 'user', content: [], run: true } };
    case 'run':
      return { method: 'POST', path: `${pathOf(sid)}/run` };
  }
}

/**
 * The body of the create (`StartConversationRequest`), without null fields. A message that an earlier request may have
 * stored is left out: a server that is killed during a create can find the message on its disk again.
 */
function startOf(conversation: Conversation, message: Message, version: string | undefined): object {
  const body = {
    ...settingsFor(conversation, version),
    conversation_id: conversation.sid,
    user_id: conversation.userId,
    initial_message: message.is === 'sent' && !message.isRepeated ? messageOf(conversation) : null,
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null && value !== undefined));
}

/** The first message (`SendMessageRequest`). */
function messageOf({ initialUserMsg }: Conversation): object | null {
  if (initialUserMsg === null) return null;
  const { content, imageUrls = [] } = initialUserMsg;
  const parts = [
    ...(content === '' ? [] : [{ type: 'text', text: content }]),
    ...(imageUrls.length === 0 ? [] : [{ type: 'image', image_urls: imageUrls }]),
  ];
  return { role: 'user', content: parts, run: true };
}
