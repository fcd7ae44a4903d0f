import { agentServerCases } from './agent-server-cases.js';
import type { Case } from './cases.js';
import { openHandsCases } from './openhands-cases.js';
import { outsideCases } from './outside-cases.js';
import { TriedAgentServer } from './tried-agent-server.js';
import { TriedOpenHands } from './tried-openhands.js';
import type { TriedServer } from './tried-server.js';

/** A server of one version, and its cases. */
export interface Column<Server extends TriedServer = TriedServer> {
  /** For example `1.6.0`. */
  readonly name: string;
  server(modelUrl: string): Server;
  /** Called after the server's first start. */
  prepare?(server: Server): Promise<void>;
  readonly cases: readonly Case<Server>[];
}

/** The columns of one table. */
export interface Table {
  /** For example `openhands-ai`. */
  readonly name: string;
  readonly columns: readonly Column[];
}

/**
 * In production the status is readable. Without Docker it is readable only if the server runs its sandboxes as
 * processes.
 */
const processSandboxes = {
  OH_SANDBOX_KIND: 'ProcessSandboxServiceInjector',
  OH_SANDBOX_SPEC_KIND: 'ProcessSandboxSpecServiceInjector',
};

export const tables: readonly Table[] = [
  {
    name: 'openhands-ai',
    columns: [
      openHands('0.51.1', (modelUrl) => new TriedOpenHands('0.51.1', modelUrl)),
      openHands('0.55.0', (modelUrl) => new TriedOpenHands('0.55.0', modelUrl)),
      openHands('0.62.0 without Docker', (modelUrl) => new TriedOpenHands('0.62.0', modelUrl)),
      openHands('1.6.0 without Docker', (modelUrl) => new TriedOpenHands('1.6.0', modelUrl)),
      openHands('1.6.0', (modelUrl) => new TriedOpenHands('1.6.0', modelUrl, processSandboxes)),
    ],
  },
  {
    name: 'openhands-agent-server',
    columns: (['1.23.1', '1.40.0', '1.58.2'] as const).map((version) =>
      column({
        name: version,
        server: (modelUrl) => new TriedAgentServer(version, modelUrl),
        cases: agentServerCases,
      }),
    ),
  },
  {
    name: 'outside the range',
    columns: [
      column({
        name: 'openhands-ai 1.7.0',
        server: (modelUrl) => new TriedOpenHands('1.7.0', modelUrl, processSandboxes),
        cases: outsideCases,
      }),
      column({
        name: 'openhands-agent-server 1.22.1',
        server: (modelUrl) => new TriedAgentServer('1.22.1', modelUrl),
        cases: outsideCases,
      }),
    ],
  },
];

function openHands(name: string, server: (modelUrl: string) => TriedOpenHands): Column {
  return column({ name, server, prepare: (tried) => tried.configure(), cases: openHandsCases });
}

/**
 * A column creates the servers for its cases, so code that iterates columns needs no knowledge of the server's type.
 */
function column<Server extends TriedServer>(of: Column<Server>): Column {
  return of as unknown as Column;
}
