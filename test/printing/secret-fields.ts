/** An input of each dialect with a secret in every field that can hold one, and these secrets by field. */

/** Numbered, so that a leak identifies its field. Like real secrets, they contain characters that get encoded. */
const hardToHide = (field: string, index: number) =>
  `Gehe1m-${String(index).padStart(3, '0')}/Zü rück+${[...field].reverse().join('').slice(0, 6)}&"'<§`;

type Template = { readonly [field: string]: Template | string | readonly (Template | string)[] };

const openhands: Template = {
  settings: {
    mcpConfig: {
      sse_servers: ['@', { url: '@', api_key: '@' }],
      shttp_servers: [{ url: '@', api_key: '@', headers: { Authorization: '@', 'X-Other': '@' } }],
      stdio_servers: [
        {
          name: '@',
          command: '@',
          args: ['@', '@', '@'],
          env: { TOKEN: '@', OTHER: '@', PATH_TO: '@', PLAIN: '@', USER: '@' },
        },
      ],
      whatever: '@',
      nested: { deeper: { still: ['@', { more: '@' }] } },
    },
    conversationInstructions: '@',
  },
  initialUserMsg: { content: '@', imageUrls: ['@', '@'] },
};

const agentServer: Template = {
  settings: {
    agentSettings: {
      llm: {
        model: '@',
        api_key: '@',
        base_url: '@',
        aws_access_key_id: '@',
        aws_secret_access_key: '@',
        aws_session_token: '@',
        extra_headers: { Authorization: '@', 'X-Team': '@' },
        custom_tokenizer: '@',
        openrouter_site_url: '@',
      },
      agent_context: {
        system_message_suffix: '@',
        user_message_suffix: '@',
        secrets: { GITHUB_TOKEN: '@', NPM_TOKEN: '@', anything: '@' },
        skills: [{ name: '@', content: '@' }],
      },
      mcp_config: {
        mcpServers: {
          one: { url: '@', headers: { Cookie: '@' }, auth: '@' },
          two: { command: '@', args: ['@', '@'], env: { A: '@', B: '@' } },
        },
      },
      tools: [{ name: '@', params: { secret: '@', plain: '@' } }],
      condenser: { llm: { api_key: '@', model: '@' } },
    },
    workspace: { working_dir: '@', host: '@', api_key: '@' },
    secrets: { DEPLOY_KEY: '@', other: '@', object: { value: '@', description: '@' } },
    hooks: { pre: ['@'] },
    tags: { team: '@' },
    plugins: [{ source: '@', ref: '@' }],
  },
  initialUserMsg: { content: '@', imageUrls: ['@', '@', '@'] },
};

export interface Planted {
  readonly server: 'openhands' | 'agent-server';
  readonly input: Record<string, unknown>;
  readonly secrets: readonly { readonly field: string; readonly secret: string }[];
}

function plant(
  server: Planted['server'],
  template: Template,
  sid: string,
  secretOf: (field: string, index: number) => string,
): Planted {
  const secrets: { field: string; secret: string }[] = [];
  const fill = (value: unknown, path: string): unknown => {
    if (value === '@') {
      const secret = secretOf(path, secrets.length);
      secrets.push({ field: path, secret });
      return secret;
    }
    if (Array.isArray(value)) return value.map((inner, index) => fill(inner, `${path}.${index}`));
    return Object.fromEntries(
      Object.entries(value as object).map(([key, inner]) => [key, fill(inner, path === '' ? key : `${path}.${key}`)]),
    );
  };
  const filled = fill(template, '') as Record<string, unknown>;
  const sessionApiKey = `k3y-9f8e7d6c5b4a-0123-${server.length}xyz`;
  secrets.push({ field: 'client.sessionApiKey', secret: sessionApiKey });
  const input = { apiUrl: 'http://runtime-1:8080', sid, userId: 'ada', server, ...filled, client: { sessionApiKey } };
  return { server, input, secrets };
}

/** An input of each dialect with such a secret in each field. */
export function plantedWith(secretOf: (field: string, index: number) => string): readonly [Planted, Planted] {
  return [
    plant('openhands', openhands, 'conv-1', secretOf),
    plant('agent-server', agentServer, '5f0c9a34-7a51-4b7e-9d1a-2f6f0f3f7c11', secretOf),
  ];
}

export const planted = plantedWith(hardToHide);
