import { baseUrlOf } from '../contract/base-url.js';
import { toMilliseconds } from '../contract/duration.js';
import { limits } from '../contract/limits.js';
import { checkConversationReady } from './check-conversation-ready.js';
import { createConversation } from './create-conversation.js';
import { decorateTransport } from './decorate-transport.js';
import { defaultMaximumPerServer, defaultWriteHeartbeatInterval } from './defaults.js';
import type { ActivityDependencies } from './dependencies.js';
import { presentableText } from './failure-boundary.js';
import { InFlight } from './in-flight.js';
import type { Activities, CheckConversationReadyInput, ConversationLook } from './interface.js';
import { createTransport } from './nested-server/transport.js';
import { prepareWorkspace } from './prepare-workspace.js';
import { stopConversation } from './stop-conversation.js';
import { surplusCreate, surplusLook } from './surplus.js';

/** Creates the activities that a worker registers. */
export function createActivities(given: Partial<ActivityDependencies> = {}): Activities {
  const {
    transport = createTransport(),
    maximumPerServer = defaultMaximumPerServer,
    writeHeartbeatInterval = defaultWriteHeartbeatInterval,
  } = given;
  const decorated = decorateTransport(transport, toMilliseconds(writeHeartbeatInterval));
  const dependencies: ActivityDependencies = { ...given, transport: decorated };
  const starts = new InFlight(maximumPerServer);
  // A limit of its own: when starts hang, the cleanup must still get through to free their server.
  const stops = new InFlight(maximumPerServer);
  // A limit of its own: a setup script takes minutes, and must not block readiness checks.
  const preparations = new InFlight(maximumPerServer);
  return {
    prepareWorkspace(input) {
      const server = serverOf(input.input);
      const work = () => prepareWorkspace(input, dependencies);
      return preparations.run(server, work, (waitMs) => surplusCreate(String(server), maximumPerServer, waitMs));
    },
    createConversation(input) {
      const server = serverOf(input.input);
      const work = () => createConversation(input, dependencies);
      return starts.run(server, work, (waitMs) => surplusCreate(String(server), maximumPerServer, waitMs));
    },
    checkConversationReady(input) {
      const server = serverOf(input);
      const work = async () => presentableLook(await checkConversationReady(input, dependencies), input);
      return starts.run(server, work, () => surplusLook(input, String(server), maximumPerServer));
    },
    stopConversation(input) {
      const server = serverOf(input.input);
      const work = () => stopConversation(input, dependencies);
      return stops.run(server, work, (waitMs) => surplusCreate(String(server), maximumPerServer, waitMs));
    },
  };
}

/**
 * The server's name for the status becomes part of the run's result, so it is shortened and masked like all server
 * text.
 */
function presentableLook(look: ConversationLook, input: CheckConversationReadyInput): ConversationLook {
  return look.ready ? { ...look, status: presentableText(look.status, input) } : look;
}

/** The base URL of an input that may be unchecked; `undefined` if no request can be sent to it. */
function serverOf(input: unknown): string | undefined {
  const { apiUrl } = (input ?? {}) as { readonly apiUrl?: unknown };
  if (typeof apiUrl !== 'string' || apiUrl.length > limits.apiUrlCharacters) return undefined;
  return URL.canParse(apiUrl) ? baseUrlOf(apiUrl) : undefined;
}
