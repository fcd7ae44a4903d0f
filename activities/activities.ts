import { checkConversationReady } from './check-conversation-ready.js';
import { createConversation } from './create-conversation.js';
import type { ActivityDependencies } from './dependencies.js';
import type { Activities } from './interface.js';
import { counted } from './metrics.js';
import { traced } from './nested-server/traced.js';
import { createTransport } from './nested-server/transport.js';
import { stopConversation } from './stop-conversation.js';

/** What a worker registers. */
export function createActivities(given: Partial<ActivityDependencies> = {}): Activities {
  const { transport = createTransport() } = given;
  const dependencies: ActivityDependencies = { ...given, transport: counted(traced(transport)) };
  return {
    createConversation: (input) => createConversation(input, dependencies),
    checkConversationReady: (input) => checkConversationReady(input, dependencies),
    stopConversation: (input) => stopConversation(input, dependencies),
  };
}
