import type { Conversation } from '../../../contract/input.js';
import type { OpenHandsStep } from './conclude.js';
import type { OpenHandsState } from './state.js';

export function pathOf(sid: string): string {
  return `/api/conversations/${encodeURIComponent(sid)}`;
}

/** The body of a step's request. */
export function bodyOf(step: OpenHandsStep, conversation: Conversation, message: OpenHandsState['message']): object {
  const { initialUserMsg } = conversation;
  switch (step) {
    case 'create':
      return initOf(conversation, message.is !== 'stored' && message.is !== 'taken-up');
    case 'deliver':
      return {
        action: 'message',
        args: { content: initialUserMsg?.content ?? '', image_urls: initialUserMsg?.imageUrls ?? [] },
      };
    case 'wake':
      return { action: 'change_agent_state', args: { agent_state: 'running' } };
    case 'point':
      return { observation: 'null', content: '', extras: {}, cause: causeOf(message) };
  }
}

/** What to point the agent to: its own search for knowledge about the message or, without one, the message. */
function causeOf(message: OpenHandsState['message']): number | undefined {
  return message.is === 'stored' || message.is === 'taken-up' ? (message.recall ?? message.id) : undefined;
}

/**
 * The body of the create (`InitSessionRequest`), without null fields: a server refuses a key that its version does not
 * know. The server does not keep instructions and MCP servers, so every create carries them.
 */
function initOf({ sid, settings, initialUserMsg, replayJson }: Conversation, withMessage: boolean): object {
  const body = {
    conversation_id: sid,
    initial_user_msg: withMessage ? initialUserMsg?.content : null,
    image_urls: withMessage ? initialUserMsg?.imageUrls : null,
    replay_json: withMessage ? replayJson : null,
    mcp_config: settings.mcpConfig,
    repository: settings.repository,
    selected_branch: settings.selectedBranch,
    git_provider: settings.gitProvider,
    conversation_instructions: settings.conversationInstructions,
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null && value !== undefined));
}
