import type { Conversation } from '../../contract/input.js';
import type { Evidence } from '../interface.js';
import { agentServer } from './agent-server.js';
import type { Dialect } from './dialect.js';
import { openhands } from './openhands.js';

const dialects: Record<Conversation['server'], unknown> = { openhands, 'agent-server': agentServer };

export function dialectOf(server: Conversation['server']): Dialect<Evidence> {
  return dialects[server] as Dialect<Evidence>;
}
