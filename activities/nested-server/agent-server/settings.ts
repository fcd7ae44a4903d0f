import { mcpServerMapOf } from '../../../contract/agent-server-settings.js';
import type { Conversation } from '../../../contract/input.js';
import { mcpServersOf } from '../../../contract/mcp-servers.js';
import { property, stringAt } from '../failures.js';
import { isFrom } from '../server-info.js';

/** From this version on, a create takes additions for any agent. Older versions silently ignore them. */
const takesAdditionsFrom = '1.37';

/** The longest addition to the system message, in characters. The server refuses a longer one. */
const longestAddition = 32_768;

/** The conversation's settings in the agent server's terms. Settings that the caller wrote in these terms are kept. */
export function settingsFor(conversation: Conversation, version: string | undefined): Record<string, unknown> {
  const {
    agentSettings,
    mcpConfig,
    conversationInstructions: instructions,
    workspace,
    repository: _repository,
    selectedBranch: _selectedBranch,
    gitProvider: _gitProvider,
    providerTokens: _providerTokens,
    ...others
  } = conversation.settings;
  const withServers = withMcpServers(agentSettings, mcpConfig);
  const own = { ...others, workspace: workspace ?? { working_dir: workingDirOf(conversation) } };
  if (!instructions) return { ...own, agent_settings: withServers };
  if (!takesAddition(instructions, version)) {
    return { ...own, agent_settings: withInstructions(withServers, instructions) };
  }
  const additions = { ...objectAt(others, 'agent_launch_additions'), system_message_suffix_append: instructions };
  return { ...own, agent_settings: withServers, agent_launch_additions: additions };
}

/** Whether a create depends on the server's version. */
export function dependsOnVersion({ settings }: Conversation): boolean {
  return Boolean(settings.conversationInstructions);
}

/** The agent's working directory. Each conversation has its own, relative to where the server was started. */
export function workingDirOf({ sid, settings }: Conversation): string {
  return stringAt(settings.workspace, 'working_dir') ?? `workspace/${sid}`;
}

type AgentSettings = Conversation['settings']['agentSettings'];

/** Added to the caller's own servers, in the one shape that every version accepts. */
function withMcpServers(agentSettings: AgentSettings, mcpConfig: Conversation['settings']['mcpConfig']): AgentSettings {
  const own = mcpServerMapOf(agentSettings);
  const servers = mcpServersOf(mcpConfig, Object.keys(own));
  if (servers.length === 0) return agentSettings;
  const all = { ...own, ...Object.fromEntries(servers.map(({ name, server }) => [name, server])) };
  return { ...agentSettings, mcp_config: { mcpServers: all } };
}

function takesAddition(instructions: string, version: string | undefined): boolean {
  return isFrom(version, takesAdditionsFrom) && instructions.length <= longestAddition;
}

/** Every version takes instructions here. They follow the caller's own. */
function withInstructions(agentSettings: AgentSettings, instructions: string): AgentSettings {
  const context = objectAt(agentSettings, 'agent_context');
  const suffix = [stringAt(context, 'system_message_suffix'), instructions].filter(Boolean).join('\n\n');
  return { ...agentSettings, agent_context: { ...context, system_message_suffix: suffix } };
}

function objectAt(value: unknown, name: string): object {
  const found = property(value, name);
  return typeof found === 'object' && found !== null ? found : {};
}
