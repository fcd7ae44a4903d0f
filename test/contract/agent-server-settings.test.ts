import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeProblems } from '../../contract/describe-problems.js';
import { parseInput } from '../../contract/input.js';
import { mcpServersOf } from '../../contract/mcp-servers.js';
import { repositoryOf } from '../../contract/repository.js';

const sid = '6f9d1c7a-7a5b-4d43-9a55-0c2f4f1f7a10';

function problemsOf(settings: object): string {
  const parsed = parseInput({ apiUrl: 'http://h', sid, userId: 'u', server: 'agent-server', settings });
  return 'problems' in parsed ? describeProblems(parsed.problems) : '';
}

const repository = 'ada/engine';

describe('settings of an agent server that are rejected:', () => {
  const refused: [settings: object, problems: string][] = [
    [{ conversation_id: sid }, 'settings.conversation_id is filled in from sid: remove it'],
    [{ initial_message: {} }, 'settings.initial_message is filled in from initialUserMsg: remove it'],
    [{ user_id: 'u' }, 'settings.user_id is filled in from userId: remove it'],
    [{ agent_settings: { llm: {} } }, 'settings.agent_settings is filled in from agentSettings: write it so'],
    ...['mcp_config', 'selected_branch', 'git_provider', 'provider_tokens', 'conversation_instructions'].map(
      (name): [object, string] => [
        { [name]: 'x' },
        `settings.${name} is not a setting of the server: write it as ${name.replace(/_(.)/, (_, letter) => letter.toUpperCase())}`,
      ],
    ),

    [
      { mcpConfig: { mcpServers: {} } },
      "settings.mcpConfig.mcpServers is not a kind of MCP servers: put agent-server's own into settings.agentSettings.mcp_config",
    ],
    [{ mcpConfig: { sse_servers: 'http://t' } }, 'settings.mcpConfig.sse_servers must be an array'],
    [
      { mcpConfig: { sse_servers: ['tools'] } },
      "settings.mcpConfig.sse_servers.0 must be a URL like 'https://host/mcp', or an object with one",
    ],
    [
      { mcpConfig: { sse_servers: ['localhost:3000/sse'] } },
      "settings.mcpConfig.sse_servers.0 must be a URL like 'https://host/mcp', or an object with one",
    ],
    [
      { mcpConfig: { shttp_servers: [{ api_key: 'k' }] } },
      "settings.mcpConfig.shttp_servers.0 must be a URL like 'https://host/mcp', or an object with one",
    ],
    [
      { mcpConfig: { stdio_servers: [{ name: ' ', args: 8, env: 8 }] } },
      "settings.mcpConfig.stdio_servers.0.name must be a name; settings.mcpConfig.stdio_servers.0.command must be a command; settings.mcpConfig.stdio_servers.0.args must be an array of strings, or one command line; settings.mcpConfig.stdio_servers.0.env must be an object of strings, or a text like 'KEY=value,OTHER_KEY=value'",
    ],
    [
      { mcpConfig: { stdio_servers: [{ name: 'my files', command: 'npx -y fs' }] } },
      "settings.mcpConfig.stdio_servers.0.name must consist of letters, digits, '_' and '-'; settings.mcpConfig.stdio_servers.0.command must be one program without spaces: put the rest into args",
    ],
    ...[7, { value: 'k' }, ['k']].map((apiKey): [object, string] => [
      { mcpConfig: { shttp_servers: [{ url: 'http://t', api_key: apiKey }] } },
      'settings.mcpConfig.shttp_servers.0.api_key must be a string',
    ]),
    ...['-x "a', "-x 'a", '-x \\'].map((args): [object, string] => [
      { mcpConfig: { stdio_servers: [{ name: 'fs', command: 'a', args }] } },
      'settings.mcpConfig.stdio_servers.0.args is not a command line: a quote is not closed, or it ends with a backslash',
    ]),
    [
      { mcpConfig: { stdio_servers: [{ name: 'fs', command: 'a', args: ['--port', 80] }] } },
      'settings.mcpConfig.stdio_servers.0.args must be an array of strings, or one command line',
    ],
    ...['A', 'A=1,B', '=1', '1A=1', 'A B=1', { A: 1 }, ['A=1']].map((env): [object, string] => [
      { mcpConfig: { stdio_servers: [{ name: 'fs', command: 'a', env }] } },
      "settings.mcpConfig.stdio_servers.0.env must be an object of strings, or a text like 'KEY=value,OTHER_KEY=value'",
    ]),
    [
      {
        mcpConfig: {
          stdio_servers: [
            { name: 'fs', command: 'a', args: 'x '.repeat(50_000) },
            { name: 'git', command: 'a', env: 'A=1' },
          ],
        },
      },
      'settings.mcpConfig.stdio_servers.1.env is too long: all MCP servers together can have 50000 arguments and variables',
    ],
    [
      {
        mcpConfig: { stdio_servers: [{ name: 'fs', command: 'a' }] },
        agentSettings: { mcp_config: { mcpServers: { fs: { command: 'b' } } } },
      },
      'settings.mcpConfig.stdio_servers.0.name is the name of another MCP server: rename one',
    ],
    [
      { mcpConfig: { stdio_servers: [{ name: 'fs', command: 'a' }] }, agentSettings: { mcp_config: { fs: {} } } },
      'settings.mcpConfig.stdio_servers.0.name is the name of another MCP server: rename one',
    ],
    [
      {
        mcpConfig: {
          stdio_servers: [
            { name: 'fs', command: 'a' },
            { name: ' fs ', command: 'b' },
          ],
        },
      },
      'settings.mcpConfig.stdio_servers.1.name is the name of another MCP server: rename one',
    ],
    [
      { mcpConfig: { sse_servers: ['http://t'] }, agent: {} },
      "settings.mcpConfig goes into settings.agentSettings, which can't be combined with settings.agent",
    ],
    [
      { conversationInstructions: 'Be brief.', agent_profile_id: sid },
      "settings.conversationInstructions goes into settings.agentSettings, which can't be combined with settings.agent_profile_id",
    ],
    [
      { conversationInstructions: 'a', agent_launch_additions: { system_message_suffix_append: 'b' } },
      'settings.conversationInstructions would replace settings.agent_launch_additions.system_message_suffix_append: pass only one of them',
    ],

    [{ repository: '' }, "settings.repository must be written like 'owner/name' or 'https://…'"],
    [{ repository: 'engine' }, "settings.repository must be written like 'owner/name' or 'https://…'"],
    [{ repository: '../../etc' }, "settings.repository must be written like 'owner/name' or 'https://…'"],
    [{ repository: 'git@github.com:a/b' }, "settings.repository must be written like 'owner/name' or 'https://…'"],
    [{ repository: '--upload-pack=x' }, "settings.repository must be written like 'owner/name' or 'https://…'"],
    [
      { repository: 'https://ada:pw@h/a/b' },
      'settings.repository contains credentials: pass them as settings.providerTokens',
    ],
    [{ repository: 'https://h/a/b?c' }, 'settings.repository must not have a query or a fragment: remove them'],
    [
      { repository, gitProvider: 'enterprise_sso' },
      "settings.repository is at an unknown host: pass the repository's URL",
    ],
    [
      { repository, providerTokens: { github: 'a', gitlab: 'b' } },
      'settings.gitProvider is missing: name the provider whose token opens the repository',
    ],
    [
      { repository: 'https://git.example.com/a/b', providerTokens: { github: 'a' } },
      'settings.gitProvider is missing: name the provider whose token opens the repository',
    ],
    [
      { repository: 'http://git.example.com/a/b', gitProvider: 'github', providerTokens: { github: 'a' } },
      'settings.repository would send its token over http: use https://',
    ],
    [
      { repository, providerTokens: { github: 'a\nX-Other: b' } },
      'settings.providerTokens.github must be printable ASCII without spaces',
    ],
    [
      { repository, providerTokens: { github: 'a'.repeat(8001) } },
      'settings.providerTokens.github has 8001 characters: the maximum is 8000',
    ],
    [
      { repository, workspace: { working_dir: `/${'a'.repeat(4000)}` } },
      'settings.workspace.working_dir must be the path of a folder: settings.repository goes there',
    ],
    [
      { repository: 'https://h/a/b', providerTokens: { github: { token: 'a', host: 'a b' } } },
      "settings.providerTokens.github.host is not a host name: write it like 'git.example.com'; settings.gitProvider is missing: name the provider whose token opens the repository",
    ],
    [
      { repository, providerTokens: { github: { token: 'a', host: 'a b' } } },
      "settings.providerTokens.github.host is not a host name: write it like 'git.example.com'",
    ],
    [
      { repository, providerTokens: { github: 7 } },
      'settings.providerTokens.github must be a token, or an object with one',
    ],
    [
      { providerTokens: { ghp_pastedIntoTheWrongPlace: 7 } },
      'settings.providerTokens.*** must be a token, or an object with one',
    ],
    ...['-x', 'a b', 'a..b', 'a~1', 'a:b', 'a.lock', '/a', 'a/', '@{-1}', 'a\u0007'].map(
      (selectedBranch): [object, string] => [
        { repository, selectedBranch },
        'settings.selectedBranch is not a valid Git branch name',
      ],
    ),
    [
      { repository, conversation_runtime: 'docker' },
      "settings.conversation_runtime is 'docker': such a conversation has its sandbox only once it is created, too late to put settings.repository into it",
    ],
    [
      { repository, workspace: {} },
      'settings.workspace.working_dir must be the path of a folder: settings.repository goes there',
    ],
  ];
  for (const [settings, problems] of refused) {
    test(`${JSON.stringify(settings).slice(0, 200)} → ${problems}`, () => assert.equal(problemsOf(settings), problems));
  }
});

describe('settings of an agent server that are accepted:', () => {
  for (const settings of [
    { repository: null, selectedBranch: null, gitProvider: null, providerTokens: null, mcpConfig: null },
    // Settings that a caller may pass with every conversation. Without a repository they have no effect.
    { gitProvider: 'github', providerTokens: { github: { token: 'a', user_id: null } }, selectedBranch: 'main' },
    { repository, conversation_runtime: 'local', workspace: { working_dir: '/workspace/project' } },
    { repository: 'group/sub/name', gitProvider: 'gitlab', selectedBranch: 'feature/x#1' },
    { repository: 'http://127.0.0.1:8080/a/b', gitProvider: 'github', providerTokens: { github: 'a' } },
    { mcpConfig: { sse_servers: null, shttp_servers: [], stdio_servers: [] }, agent: {} },
    { conversationInstructions: '', agent: {} },
  ]) {
    test(JSON.stringify(settings), () => assert.equal(problemsOf(settings), ''));
  }
});

describe('MCP servers in the OpenHands format, converted for an agent server,', () => {
  const config = {
    sse_servers: ['http://a/sse', { url: 'http://b/sse', api_key: 'k' }],
    shttp_servers: [{ url: 'http://c/mcp', api_key: null, timeout: 30 }],
    stdio_servers: [{ name: 'fs', command: 'npx', args: ['-y', 'fs'], env: { ROOT: '/' } }],
  };

  test('keep their settings', () => {
    assert.deepEqual(mcpServersOf(config, []), [
      { name: 'sse', server: { url: 'http://a/sse', transport: 'sse' } },
      { name: 'sse_2', server: { url: 'http://b/sse', transport: 'sse', headers: { Authorization: 'Bearer k' } } },
      { name: 'http', server: { url: 'http://c/mcp', timeout: 30, transport: 'http' } },
      { name: 'fs', server: { command: 'npx', args: ['-y', 'fs'], env: { ROOT: '/' } } },
    ]);
  });

  test('keep their own headers beside the API key', () => {
    const [server] = mcpServersOf(
      { shttp_servers: [{ url: 'http://a', api_key: 'k', headers: { 'X-Team': 'red' } }] },
      [],
    );
    assert.deepEqual(server?.server.headers, { 'X-Team': 'red', Authorization: 'Bearer k' });
  });

  test('keep arguments and variables that are written as one text', () => {
    const [server] = mcpServersOf(
      {
        stdio_servers: [
          {
            name: ' fs ',
            command: ' npx ',
            args: ` -y mcp-remote --header "X-Team: red" '$HOME' it\\'s "" #1 `,
            env: ' ROOT = /, TOKEN=a=b,, ROOT=/srv ',
          },
        ],
      },
      [],
    );
    const args = ['-y', 'mcp-remote', '--header', 'X-Team: red', '$HOME', "it's", '', '#1'];
    assert.deepEqual(server, { name: 'fs', server: { command: 'npx', args, env: { ROOT: '/srv', TOKEN: 'a=b' } } });
  });

  test('have no arguments and variables if the text is blank', () => {
    assert.deepEqual(mcpServersOf({ stdio_servers: [{ name: 'fs', command: 'fs', args: ' ', env: '' }] }, []), [
      { name: 'fs', server: { command: 'fs', args: [], env: {} } },
    ]);
  });

  test('have URLs without white space around them', () => {
    const servers = mcpServersOf({ sse_servers: [' http://a '], shttp_servers: [{ url: '\thttp://b\n' }] }, []);
    assert.deepEqual(
      servers.map(({ server }) => server.url),
      ['http://a', 'http://b'],
    );
  });

  test('get unique names', () => {
    const named = mcpServersOf({ sse_servers: ['http://a'], stdio_servers: [{ name: 'sse_2', command: 'x' }] }, [
      'sse',
    ]);
    assert.deepEqual(
      named.map(({ name }) => name),
      ['sse_3', 'sse_2'],
    );
  });
});

describe('the URL of a repository:', () => {
  const basic = (credentials: string) => `Authorization: Basic ${Buffer.from(credentials).toString('base64')}`;
  const found: [settings: object, url: string, authorization?: string][] = [
    [{ repository }, 'https://github.com/ada/engine.git'],
    [{ repository, gitProvider: 'gitlab' }, 'https://gitlab.com/ada/engine.git'],
    [{ repository, providerTokens: { bitbucket: 'a:b' } }, 'https://bitbucket.org/ada/engine.git', basic('a:b')],
    [
      { repository, gitProvider: 'github', providerTokens: { github: 't', gitlab: 'u' } },
      'https://github.com/ada/engine.git',
      basic('x-access-token:t'),
    ],
    [
      { repository, gitProvider: 'gitlab', providerTokens: { gitlab: { token: 't', host: 'git.example.com' } } },
      'https://git.example.com/ada/engine.git',
      basic('oauth2:t'),
    ],
    [
      {
        repository: 'https://git.example.com/a/b',
        providerTokens: { forgejo: { token: 't', host: 'git.example.com' } },
      },
      'https://git.example.com/a/b',
      basic('x-access-token:t'),
    ],
    [
      { repository: 'https://gitlab.com/a/b.git', providerTokens: { github: 't', gitlab: 'u' } },
      'https://gitlab.com/a/b.git',
      basic('oauth2:u'),
    ],
    // A token is never sent to a host of another provider.
    [{ repository: 'https://github.com/a/b', providerTokens: { gitlab: 'u' } }, 'https://github.com/a/b'],
  ];
  for (const [settings, url, authorization] of found) {
    test(`${JSON.stringify(settings)} → ${url}`, () => {
      assert.equal(problemsOf(settings), '');
      assert.deepEqual(repositoryOf(settings), { url, ...(authorization && { authorization }) });
    });
  }
});
