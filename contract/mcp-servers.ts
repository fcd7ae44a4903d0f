import type { InputProblem } from './failures.js';
import { keyName } from './key-name.js';

/** An MCP server as agent-server's settings define it, with its unique name. */
export interface McpServer {
  readonly name: string;
  readonly server: Readonly<Record<string, unknown>>;
}

/** The kinds of MCP servers in `settings.mcpConfig`, named as in the API of `openhands`. */
const remoteKinds = { sse_servers: 'sse', shttp_servers: 'http' } as const;

const kinds: ReadonlySet<string> = new Set([...Object.keys(remoteKinds), 'stdio_servers']);

/** The MCP servers of a `mcpConfig` that has no {@link mcpProblems}. Their names differ from those in `taken`. */
export function mcpServersOf(mcpConfig: unknown, taken: Iterable<string>): McpServer[] {
  const config = objectOf(mcpConfig);
  const names = new Set(taken);
  const local = listOf(config.stdio_servers).map(objectOf);
  for (const { name } of local) names.add(String(name));
  const remote = Object.entries(remoteKinds).flatMap(([kind, transport]) =>
    listOf(config[kind]).map((entry) => {
      const name = freeName(transport, names);
      names.add(name);
      return { name, server: remoteServer(entry, transport) };
    }),
  );
  return [...remote, ...local.map(({ name, ...server }) => ({ name: String(name), server: withoutNull(server) }))];
}

/** The problems of a `mcpConfig` for an agent-server whose settings already have servers with the names in `taken`. */
export function* mcpProblems(mcpConfig: unknown, taken: ReadonlySet<string>): Generator<InputProblem> {
  const names = new Set(taken);
  for (const [kind, entries] of Object.entries(objectOf(mcpConfig))) {
    const field = `settings.mcpConfig.${keyName(kind)}`;
    if (!kinds.has(kind)) {
      yield {
        field,
        problem: "is not a kind of MCP servers: put agent-server's own into settings.agentSettings.mcp_config",
      };
    } else if (entries !== null && !Array.isArray(entries)) {
      yield { field, problem: 'must be an array' };
    } else {
      for (const [index, entry] of listOf(entries).entries()) {
        yield* kind === 'stdio_servers'
          ? localProblems(objectOf(entry), `${field}.${index}`, names)
          : remoteProblems(entry, `${field}.${index}`);
      }
    }
  }
}

function* localProblems(
  { name, command, args, env }: Entry,
  field: string,
  names: Set<string>,
): Generator<InputProblem> {
  if (typeof name !== 'string' || name === '') yield { field: `${field}.name`, problem: 'must be a name' };
  else if (names.has(name)) yield { field: `${field}.name`, problem: 'is the name of another MCP server: rename one' };
  else names.add(name);
  if (typeof command !== 'string' || command === '') yield { field: `${field}.command`, problem: 'must be a command' };
  if (args != null && !Array.isArray(args)) yield { field: `${field}.args`, problem: 'must be an array of strings' };
  if (env != null && (typeof env !== 'object' || Array.isArray(env))) {
    yield { field: `${field}.env`, problem: 'must be an object of strings' };
  }
}

function* remoteProblems(entry: unknown, field: string): Generator<InputProblem> {
  const url = typeof entry === 'string' ? entry : objectOf(entry).url;
  if (typeof url !== 'string' || !URL.canParse(url)) yield { field, problem: 'must be a URL, or an object with one' };
}

type Entry = Readonly<Record<string, unknown>>;

/** The API key is sent in the header that both generations of OpenHands use. */
function remoteServer(entry: unknown, transport: string): Entry {
  if (typeof entry === 'string') return { url: entry, transport };
  const { api_key: apiKey, ...server } = objectOf(entry);
  return { ...withoutNull(server), transport, ...(apiKey ? { headers: { Authorization: `Bearer ${apiKey}` } } : {}) };
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}_${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}

function withoutNull(object: Entry): Entry {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function objectOf(value: unknown): Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Entry) : {};
}
