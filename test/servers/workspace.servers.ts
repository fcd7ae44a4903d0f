import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { NestedConversations } from '../../client/nested-conversations.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { type AgentServerVersion, installAgentServer, startAgentServer } from '../../dev-stack/agent-server.js';
import type { ChildServer } from '../../dev-stack/child-server.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { configureOpenHands, installOpenHands, startOpenHands } from '../../dev-stack/openhands-server.js';
import { startModelStandIn } from '../../dev-stack/stand-ins/model-stand-in.js';
import { atEndOf, folderFor, forFile, forTest, startWorkerFor, testFile } from '../harness/fixtures.js';
import { GitServer } from '../harness/git-server.js';
import { mcpTool, startMcpServer, writeMcpServer } from '../harness/mcp-server.js';
import { startTemporalProcess } from '../reliability/temporal-process.js';
import { until } from '../versions/tried-server.js';

/** A repository in the workspace of real servers, instructions and MCP servers. Both generations get the same input. */

const token = 'gT7x4Qm9LkZw2';
const sessionApiKey = 'k3y-of-the-session';

const folder = await folderFor(testFile);
const temporal = await startTemporalProcess(folder);
atEndOf(testFile, () => temporal.stop('SIGKILL'));
const connection = await forFile(Connection.connect({ address: temporal.address }));
const conversations = new NestedConversations(new Client({ connection }));
let worker = await startWorker();
const model = await forFile(startModelStandIn());
const git = await forFile(GitServer.start({ token }));
await git.create('ada/engine', {
  main: { 'README.md': 'An engine' },
  setup: { '.openhands/setup.sh': 'echo ran >>../ran-in-$(basename $PWD)' },
  slow: {
    '.openhands/setup.sh':
      'name=$(basename $PWD); echo began >>../ran-in-$name; until [ -e ../go-$name ]; do sleep 0.1; done; echo ended >>../ran-in-$name',
  },
  failing: { '.openhands/setup.sh': 'echo "a bad day" >&2; exit 3' },
});

async function startWorker() {
  const env = { TEMPORAL_ADDRESS: temporal.address };
  const started = startWorkerFor(testFile, { env, timeoutMs: 15 * 60_000 });
  await started.reported('RUNNING');
  return started;
}

/** The worker is killed, and another one takes over once Temporal has noticed. */
async function replaceWorker(): Promise<void> {
  worker.kill('SIGKILL');
  await worker.ended;
  worker = await startWorker();
}

/** The settings that both generations accept, as one JSON text. */
const shared = (settings: object = {}) => ({
  repository: 'ada/engine',
  gitProvider: 'gitlab',
  providerTokens: { gitlab: { token, host: git.origin } },
  ...settings,
});

const agentSettings = () => ({
  // A terminal would be a daemon that outlives a killed server.
  agentSettings: { llm: { model: 'openai/gpt-4o', api_key: 'sk-x', base_url: model.url }, tools: [] },
});

const localTool = 'haul_line';

/** A local MCP server whose arguments and variables are written as one text, which OpenHands also accepts. */
async function localTools(python: string): Promise<object> {
  const args = await writeMcpServer(folder);
  return { name: 'local', command: python, args, env: `MCP_TOOL=${localTool},OTHER=a=b` };
}

function assertOffers(tools: readonly string[], names: readonly string[]): void {
  const missing = names.filter((name) => !tools.some((tool) => tool.includes(name)));
  assert.deepEqual(missing, [], `the agent has ${tools}`);
}

for (const version of ['1.23.1', '1.40.0', '1.58.2'] satisfies AgentServerVersion[]) {
  describe(`in the workspace of agent-server ${version},`, () => {
    let server: ChildServer;
    let dataFolder: string;

    const startServer = async (port?: number) =>
      startAgentServer({
        installation: await installAgentServer(console.error, version),
        dataFolder,
        sessionApiKey,
        ...(port && { port }),
      });

    before(async () => {
      dataFolder = join(folder, version);
      server = await startServer();
    });
    after(() => server?.stop('SIGKILL'));

    const inputWith = (settings: object = {}, more: Partial<CreateNestedConversationInput> = {}) =>
      inputFor(server.url, {
        server: 'agent-server',
        sid: randomUUID(),
        settings: { ...agentSettings(), ...shared(settings) },
        initialUserMsg: { content: `Say hello to ${randomUUID()}` },
        client: { sessionApiKey },
        readiness: { maximumAttempts: 120 },
        ...more,
      });

    const beside = (name: string) => join(dataFolder, 'workspace', name);
    const statusOf = (sid: string) =>
      execFileSync('git', ['status', '--porcelain', '--branch'], { cwd: beside(sid), encoding: 'utf8' }).trim();
    const ranIn = (sid: string) =>
      readFileSync(beside(`ran-in-${sid}`), 'utf8')
        .trim()
        .split('\n');

    test('a branch is checked out with a token, its script is run, and the token is not stored', async () => {
      const input = inputWith({ selectedBranch: 'setup' });
      await conversations.ensureReady(input);
      assert.equal(statusOf(input.sid), '## setup...origin/setup');
      assert.deepEqual(ranIn(input.sid), ['ran']);
      const encoded = Buffer.from(`oauth2:${token}`).toString('base64');
      const grep = ['-rlF', '-e', token, '-e', encoded, dataFolder, '/dev/shm'];
      assert.throws(() => execFileSync('grep', grep, { encoding: 'utf8' }), { status: 1 });
      assert(!server.logs().includes(token) && !server.logs().includes(encoded));
    });

    test('killed workers and a restarted server end in one clean checkout, and the script runs once', async () => {
      const input = inputWith({ selectedBranch: 'slow' });
      let letGo = () => {};
      const held = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const reached = new Promise<void>((resolve) => {
        git.beforePack = () => {
          resolve();
          return held;
        };
      });
      const ready = conversations.ensureReady(input);
      ready.catch(() => undefined);
      await reached;
      await replaceWorker();
      letGo();
      git.beforePack = async () => undefined;
      await until('the script runs', () => existsSync(beside(`ran-in-${input.sid}`)));
      await replaceWorker();
      await server.stop('SIGKILL');
      server = await startServer(server.port);
      await until(
        'the status shows the setup script',
        async () => (await conversations.status(input.sid)).phase === 'running setup script',
      );
      writeFileSync(beside(`go-${input.sid}`), '');
      await ready;
      assert.equal(statusOf(input.sid), '## slow...origin/slow');
      assert.deepEqual(ranIn(input.sid), ['began', 'ended']);
    });

    for (const [what, settings, reason] of [
      [
        'a branch that does not exist',
        { selectedBranch: 'nope' },
        /preparing repository .*the repository has no branch nope/,
      ],
      [
        'a wrong token',
        { providerTokens: { gitlab: { token: 'wr0ng' } } },
        /preparing repository .*Authentication failed/,
      ],
      ['a script that fails', { selectedBranch: 'failing' }, /running setup script failed with exit code 3: a bad day/],
    ] as const) {
      test(`${what} fails the start with the step and its output`, async () => {
        const { providerTokens } = settings as { providerTokens?: { gitlab: object } };
        const tokens = providerTokens && { providerTokens: { gitlab: { ...providerTokens.gitlab, host: git.origin } } };
        await assert.rejects(conversations.ensureReady(inputWith({ ...settings, ...tokens })), (error: Error) => {
          assert.equal((error as { type?: string }).type, 'ConversationFailed');
          assert.match(error.message, reason);
          return true;
        });
      });
    }

    test('a resume keeps the checkout unchanged and does not run the script again', async () => {
      const input = inputWith({ selectedBranch: 'setup' });
      await conversations.ensureReady(input);
      writeFileSync(join(beside(input.sid), 'README.md'), 'A better engine');
      await conversations.ensureReady({ ...input, initialUserMsg: { content: 'And now?' } }, { resume: true });
      assert.equal(statusOf(input.sid), '## setup...origin/setup\n M README.md');
      assert.deepEqual(ranIn(input.sid), ['ran']);
    });

    test('the agent gets the instructions and the tools of the MCP servers', async (t) => {
      const { python } = await installAgentServer(console.error, version);
      const tools = await forTest(t, startMcpServer(python));
      const conversationInstructions = `Answer in verse ${randomUUID()}`;
      const mcpConfig = { shttp_servers: [`${tools.url}/mcp`], stdio_servers: [await localTools(python)] };
      const input = inputWith({ conversationInstructions, mcpConfig });
      await conversations.ensureReady(input);
      const seen = await model.seen(input.initialUserMsg?.content ?? '');
      assert(seen.messages.includes(conversationInstructions));
      assertOffers(seen.tools, [mcpTool, localTool]);
    });
  });
}

describe('one JSON input', () => {
  test('starts on openhands 1.6.0 and on agent-server 1.58.2 and differs only in the model settings', async (t) => {
    const newest = await installAgentServer(console.error);
    const tools = await forTest(t, startMcpServer(newest.python));
    const agentServer = await forTest(
      t,
      startAgentServer({ installation: newest, dataFolder: join(folder, 'agent-server'), sessionApiKey }),
    );
    const openHands = await forTest(
      t,
      startOpenHands({
        installation: await installOpenHands(console.error, '1.6.0'),
        dataFolder: join(folder, 'openhands'),
        env: { ALLOW_INSECURE_GIT_ACCESS: 'true', SESSION_API_KEY: sessionApiKey },
      }),
    );
    await configureOpenHands(openHands.url, { llmBaseUrl: model.url, sessionApiKey });
    // An openhands server stores its own tokens.
    const stored = await fetch(`${openHands.url}/api/add-git-providers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-session-api-key': sessionApiKey },
      body: JSON.stringify({ provider_tokens: { gitlab: { token, host: git.origin } } }),
    });
    assert.equal(stored.status, 200, await stored.text());

    const text = JSON.stringify({
      userId: 'ada',
      settings: shared({
        selectedBranch: 'setup',
        conversationInstructions: 'Answer in verse.',
        mcpConfig: { shttp_servers: [`${tools.url}/mcp`], stdio_servers: [await localTools(newest.python)] },
      }),
      client: { sessionApiKey },
      readiness: { maximumAttempts: 120 },
    });
    for (const [server, { url }, more, checkoutOf] of [
      ['openhands', openHands, {}, () => join(folder, 'openhands', 'workspace', 'engine')],
      ['agent-server', agentServer, agentSettings(), (sid: string) => join(folder, 'agent-server', 'workspace', sid)],
    ] as const) {
      const input = JSON.parse(text);
      const sid = randomUUID();
      const content = `Say hello to ${randomUUID()}`;
      const settings = { ...input.settings, ...more };
      const whereTo = { apiUrl: url, server, sid, initialUserMsg: { content } };
      await conversations.ensureReady({ ...input, ...whereTo, settings });
      const branch = ['symbolic-ref', '--short', 'HEAD'];
      assert.equal(execFileSync('git', branch, { cwd: checkoutOf(sid), encoding: 'utf8' }).trim(), 'setup');
      const seen = await model.seen(content);
      assert(seen.messages.includes('Answer in verse.'), `${server}: ${seen.messages}`);
      assertOffers(seen.tools, [mcpTool, localTool]);
    }
  });
});
