import type { Conversation } from '../../contract/input.js';
import { agentServer } from './agent-server/agent-server.js';
import type { Dialect } from './dialect.js';
import { openhands } from './openhands/openhands.js';

/**
 * Calls `use` with the dialect of a server. Each dialect has its own states and steps, so `use` must work for all of
 * them.
 */
export function withDialect<Result>(
  server: Conversation['server'],
  use: <State, Step extends string>(dialect: Dialect<State, Step>) => Result,
): Result {
  switch (server) {
    case 'openhands':
      return use(openhands);
    case 'agent-server':
      return use(agentServer);
  }
}
