import type { InputProblem } from './failures.js';
import { limits } from './limits.js';
import { hasMcpServers, mcpProblems } from './mcp-servers.js';
import { repositoryProblems } from './repository.js';

type Settings = Readonly<Record<string, unknown>>;

/** Settings that the contract fills in itself, with the fix to name in the error. */
const filledIn = new Map([
  ['conversation_id', 'is filled in from sid: remove it'],
  ['initial_message', 'is filled in from initialUserMsg: remove it'],
  ['user_id', 'is filled in from userId: remove it'],
  ['agent_settings', 'is filled in from agentSettings: write it so'],
  // The server would silently ignore these.
  ['mcp_config', 'is not a setting of the server: write it as mcpConfig'],
  ['selected_branch', 'is not a setting of the server: write it as selectedBranch'],
  ['git_provider', 'is not a setting of the server: write it as gitProvider'],
  ['provider_tokens', 'is not a setting of the server: write it as providerTokens'],
  ['conversation_instructions', 'is not a setting of the server: write it as conversationInstructions'],
]);

/** The problems in the settings of an agent-server, including the settings that both server generations accept. */
export function* agentServerSettingsProblems(settings: Settings): Generator<InputProblem> {
  for (const name of Object.keys(settings)) {
    const problem = settings[name] === null ? undefined : filledIn.get(name);
    if (problem) yield { field: `settings.${name}`, problem };
  }
  yield* mcpConfigProblems(settings);
  yield* instructionsProblems(settings);
  if (settings.repository != null) {
    yield* repositoryProblems(settings);
    yield* workspaceProblems(settings);
  }
}

function* mcpConfigProblems(settings: Settings): Generator<InputProblem> {
  const { mcpConfig, agentSettings } = settings;
  if (mcpConfig == null) return;
  yield* mcpProblems(mcpConfig, new Set(Object.keys(mcpServerMapOf(agentSettings))));
  if (hasMcpServers(mcpConfig)) yield* otherAgentProblem('mcpConfig', settings);
}

function* instructionsProblems(settings: Settings): Generator<InputProblem> {
  const { conversationInstructions, agent_launch_additions: additions } = settings;
  if (!conversationInstructions) return;
  yield* otherAgentProblem('conversationInstructions', settings);
  if (propertyOf(additions, 'system_message_suffix_append') != null) {
    const own = 'settings.agent_launch_additions.system_message_suffix_append';
    yield { field: 'settings.conversationInstructions', problem: `would replace ${own}: pass only one of them` };
  }
}

/**
 * Instructions and MCP servers are added to `agentSettings`, so a caller that passes an agent in another way can't use
 * them.
 */
function* otherAgentProblem(name: string, settings: Settings): Generator<InputProblem> {
  const other = ['agent', 'agent_profile_id'].find((key) => settings[key] != null);
  if (other) {
    yield {
      field: `settings.${name}`,
      problem: `goes into settings.agentSettings, which can't be combined with settings.${other}`,
    };
  }
}

function* workspaceProblems({ workspace, conversation_runtime: runtime }: Settings): Generator<InputProblem> {
  if (runtime === 'docker') {
    const problem =
      "is 'docker': such a conversation has its sandbox only once it is created, too late to put settings.repository into it";
    yield { field: 'settings.conversation_runtime', problem };
  }
  const workingDir = propertyOf(workspace, 'working_dir');
  if (workspace != null && !isPath(workingDir)) {
    yield {
      field: 'settings.workspace.working_dir',
      problem: 'must be the path of a folder: settings.repository goes there',
    };
  }
}

function isPath(value: unknown): boolean {
  if (typeof value !== 'string' || value === '' || value.length > limits.workingDirCharacters) return false;
  return !/\p{Cc}/u.test(value);
}

/** The MCP servers in an agent's settings, by name. Reads both shapes that agent-server accepts. */
export function mcpServerMapOf(agentSettings: unknown): Record<string, unknown> {
  const config = propertyOf(agentSettings, 'mcp_config');
  const servers = propertyOf(config, 'mcpServers') ?? config;
  return typeof servers === 'object' && servers !== null ? (servers as Record<string, unknown>) : {};
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
