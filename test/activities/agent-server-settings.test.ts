import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settingsFor } from '../../activities/nested-server/agent-server/settings.js';
import { parseInput } from '../../contract/input.js';

const sid = '6f9d1c7a-7a5b-4d43-9a55-0c2f4f1f7a10';

function settingsOf(settings: object, version: string | null = '1.58.2'): Record<string, unknown> {
  const parsed = parseInput({ apiUrl: 'http://h', sid, userId: 'u', server: 'agent-server', settings });
  assert('conversation' in parsed);
  return JSON.parse(JSON.stringify(settingsFor(parsed.conversation, version ?? undefined)));
}

const agentSettings = {
  llm: { model: 'openai/gpt-4o', api_key: 'sk-x' },
  agent_context: { skills: [], system_message_suffix: 'Be kind.' },
  mcp_config: { own: { command: 'own' } },
};
const workspace = { working_dir: '/workspace', kind: 'LocalWorkspace' };
const instructions = { conversationInstructions: 'Be brief.' };

describe('the settings of a conversation are sent to agent-server', () => {
  test("unchanged if they are the server's own", () => {
    const own = { tags: { team: 'red' }, agentSettings, workspace };
    assert.deepEqual(settingsOf(own), { tags: { team: 'red' }, agent_settings: agentSettings, workspace });
  });

  test('with a folder for the conversation if none is given', () => {
    assert.deepEqual(settingsOf({}), { workspace: { working_dir: `workspace/${sid}` } });
  });

  test('without those that prepare the workspace', () => {
    const prepared = { repository: 'a/b', selectedBranch: 'x', gitProvider: 'github', providerTokens: { github: 't' } };
    assert.deepEqual(settingsOf({ ...prepared, workspace }), { workspace });
  });

  for (const [what, own] of [
    ['given by name', { own: { command: 'own' } }],
    ['given under mcpServers', { mcpServers: { own: { command: 'own' } } }],
  ] as const) {
    test(`with MCP servers added to those of the agent, ${what}`, () => {
      const { agent_settings: sent } = settingsOf({
        agentSettings: { ...agentSettings, mcp_config: own },
        mcpConfig: { shttp_servers: ['http://tools/mcp'] },
      });
      assert.deepEqual(sent, {
        ...agentSettings,
        mcp_config: { mcpServers: { own: { command: 'own' }, http: { url: 'http://tools/mcp', transport: 'http' } } },
      });
    });
  }

  for (const version of ['1.37.0', '1.40.0', '1.58.2']) {
    test(`with instructions as a launch addition, for version ${version}`, () => {
      const additions = { llm_profile_ref: 'fast' };
      assert.deepEqual(
        settingsOf({ ...instructions, agentSettings, workspace, agent_launch_additions: additions }, version),
        {
          agent_settings: agentSettings,
          workspace,
          agent_launch_additions: { llm_profile_ref: 'fast', system_message_suffix_append: 'Be brief.' },
        },
      );
    });
  }

  for (const version of ['1.23.1', '1.36.9', 'of-main', null]) {
    test(`with instructions appended to the agent's context, for version ${version ?? 'unknown'}`, () => {
      const { agent_settings: sent, ...others } = settingsOf({ ...instructions, agentSettings, workspace }, version);
      assert.deepEqual(others, { workspace });
      assert.deepEqual(sent, {
        ...agentSettings,
        agent_context: { skills: [], system_message_suffix: 'Be kind.\n\nBe brief.' },
      });
    });
  }

  test('with instructions in the context if they are too long for a launch addition', () => {
    const long = 'x'.repeat(32_769);
    assert.deepEqual(settingsOf({ conversationInstructions: long, agentSettings: { llm: {} }, workspace }), {
      agent_settings: { llm: {}, agent_context: { system_message_suffix: long } },
      workspace,
    });
  });
});
