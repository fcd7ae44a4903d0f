import type { CreateNestedConversationInput } from './conversation-input.js';

/**
 * Whether a repository must be in the workspace before the conversation is created. An openhands server puts it there
 * itself. The workflow asks this of an unchecked input, and `createConversation` of the checked one: no zod here.
 */
export function needsPreparation(
  input: Pick<Partial<CreateNestedConversationInput>, 'server' | 'settings'> | null | undefined,
): boolean {
  return input?.server === 'agent-server' && input.settings?.repository != null;
}
