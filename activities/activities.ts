import { checkConversationReady } from './check-conversation-ready.js';
import { createConversation } from './create-conversation.js';
import type { Activities } from './interface.js';
import { stopConversation } from './stop-conversation.js';

/** What a worker registers. */
export const activities: Activities = { createConversation, checkConversationReady, stopConversation };
