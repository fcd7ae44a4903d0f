import type { InputProblem } from './failures.js';
import { keyName } from './key-name.js';
import { limits } from './limits.js';
import { argumentsOf, environmentOf } from './mcp-command.js';

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
  const local = listOf(config.stdio_servers).map(localServer);
  for (const { name } of local) names.add(name);
  const remote = Object.entries(remoteKinds).flatMap(([kind, transport]) =>
    listOf(config[kind]).map((entry) => {
      const name = freeName(transport, names);
      names.add(name);
      return { name, server: remoteServer(entry, transport) };
    }),
  );
  return [...remote, ...local];
}

/** Whether a `mcpConfig` has any MCP servers. */
export function hasMcpServers(mcpConfig: unknown): boolean {
  const config = objectOf(mcpConfig);
  return [...kinds].some((kind) => listOf(config[kind]).length > 0);
}

/** The problems of a `mcpConfig` for an agent-server whose settings already have servers with the names in `taken`. */
export function* mcpProblems(mcpConfig: unknown, taken: ReadonlySet<string>): Generator<InputProblem> {
  const seen: Seen = { names: new Set(taken), values: 0 };
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
          ? localProblems(objectOf(entry), `${field}.${index}`, seen)
          : remoteProblems(entry, `${field}.${index}`);
      }
    }
  }
}

/** What the servers that were checked so far have used up. */
interface Seen {
  readonly names: Set<string>;
  /** Arguments and environment variables. A short text can contain very many. */
  values: number;
}

function* localProblems({ name, command, args, env }: Entry, field: string, seen: Seen): Generator<InputProblem> {
  const trimmed = trimmedText(name);
  if (!trimmed) yield { field: `${field}.name`, problem: 'must be a name' };
  else if (!/^[\w-]+$/.test(trimmed)) {
    yield { field: `${field}.name`, problem: "must consist of letters, digits, '_' and '-'" };
  } else if (seen.names.has(trimmed)) {
    yield { field: `${field}.name`, problem: 'is the name of another MCP server: rename one' };
  } else seen.names.add(trimmed);
  yield* commandProblems(command, `${field}.command`);
  yield* argsProblems(args, `${field}.args`, seen);
  yield* envProblems(env, `${field}.env`, seen);
}

/** OpenHands takes one program here, too. A server that runs anything else goes on without the MCP server's tools. */
function* commandProblems(command: unknown, field: string): Generator<InputProblem> {
  const trimmed = trimmedText(command);
  if (!trimmed) yield { field, problem: 'must be a command' };
  else if (trimmed.includes(' '))
    yield { field, problem: 'must be one program without spaces: put the rest into args' };
}

function* argsProblems(args: unknown, field: string, seen: Seen): Generator<InputProblem> {
  const found = argumentsOf(args);
  if (found) yield* countProblems(found.length, field, seen);
  else if (typeof args !== 'string') yield { field, problem: 'must be an array of strings, or one command line' };
  else yield { field, problem: 'is not a command line: a quote is not closed, or it ends with a backslash' };
}

function* envProblems(env: unknown, field: string, seen: Seen): Generator<InputProblem> {
  const found = environmentOf(env);
  if (found) yield* countProblems(Object.keys(found).length, field, seen);
  else yield { field, problem: "must be an object of strings, or a text like 'KEY=value,OTHER_KEY=value'" };
}

function* countProblems(count: number, field: string, seen: Seen): Generator<InputProblem> {
  seen.values += count;
  if (seen.values > limits.values) {
    yield { field, problem: `is too long: all MCP servers together can have ${limits.values} arguments and variables` };
  }
}

function* remoteProblems(entry: unknown, field: string): Generator<InputProblem> {
  const { url, api_key: apiKey } = typeof entry === 'string' ? { url: entry } : objectOf(entry);
  if (!isServerUrl(trimmedText(url))) {
    yield { field, problem: "must be a URL like 'https://host/mcp', or an object with one" };
  }
  if (apiKey != null && typeof apiKey !== 'string') yield { field: `${field}.api_key`, problem: 'must be a string' };
}

/** The rule of OpenHands. Without a scheme, `localhost:3000` is a URL whose scheme is `localhost`. */
function isServerUrl(url: string): boolean {
  return /^(https?|wss?):\/\//i.test(url) && URL.canParse(url);
}

type Entry = Readonly<Record<string, unknown>>;

/** The API key is sent in the header that both generations of OpenHands use. */
function remoteServer(entry: unknown, transport: string): Entry {
  if (typeof entry === 'string') return { url: entry.trim(), transport };
  const { url, api_key: apiKey, ...server } = objectOf(entry);
  const headers = apiKey ? { headers: { ...objectOf(server.headers), Authorization: `Bearer ${apiKey}` } } : {};
  return { url: trimmedText(url), ...withoutNull(server), transport, ...headers };
}

function localServer(entry: unknown): McpServer {
  const { name, command, args, env, ...server } = withoutNull(objectOf(entry));
  const started = {
    command: trimmedText(command),
    ...(args !== undefined && { args: argumentsOf(args) }),
    ...(env !== undefined && { env: environmentOf(env) }),
  };
  return { name: trimmedText(name), server: { ...started, ...server } };
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}_${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** OpenHands trims these texts, too. */
function trimmedText(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
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
