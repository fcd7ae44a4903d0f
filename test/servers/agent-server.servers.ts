import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { ConversationFailedError, ConversationRejectedError } from '../../client/errors.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { installAgentServer, startAgentServer } from '../../dev-stack/agent-server.js';
import type { ChildServer } from '../../dev-stack/child-server.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { startModelStandIn } from '../../dev-stack/stand-ins/model-stand-in.js';
import { atEndOf, folderFor, forFile, testFile } from '../harness/fixtures.js';
import { type LineProxy, startProxy } from '../harness/proxy.js';
import { startDevServer } from '../harness/temporal.js';

/** The main case and its worst moments on a real agent server (openhands-agent-server 1.58.2). */

const sessionApiKey = 'k3y-of-the-session';
const post = { method: 'POST', path: '/api/conversations' };

const installation = await installAgentServer(console.error);
const folder = await folderFor(testFile);
const model = await forFile(startModelStandIn());
const temporal = await forFile(startDevServer());
const conversations = new NestedConversations(temporal.env.client);
let server = await startServer();
atEndOf(testFile, () => server.stop());

let proxy: LineProxy;
beforeEach(async () => {
  proxy = await startProxy({ target: server.url });
});
afterEach(() => proxy.close());

function startServer(port?: number): Promise<ChildServer> {
  const dataFolder = join(folder, 'data');
  return startAgentServer({ installation, dataFolder, sessionApiKey, ...(port && { port }) });
}

/** Ends the server's process and starts another one with the same data on the same port. */
async function restart(signal: NodeJS.Signals): Promise<void> {
  const { port } = server;
  await server.stop(signal);
  server = await startServer(port);
}

/** An input with a message that no other conversation has. */
function freshInput(modelUrl = model.url, input: Partial<CreateNestedConversationInput> = {}) {
  const content = `Say hello to ${randomUUID()}`;
  const sid = randomUUID();
  return {
    sid,
    content,
    input: inputFor(proxy.url, {
      server: 'agent-server',
      sid,
      settings: {
        // A terminal would be a daemon that outlives a killed server.
        agentSettings: { llm: { model: 'openai/gpt-4o', api_key: 'sk-x', base_url: modelUrl }, tools: [] },
        workspace: { working_dir: join(folder, 'workspace') },
      },
      client: { sessionApiKey },
      initialUserMsg: { content },
      ...input,
    }),
  };
}

async function get(path: string): Promise<unknown> {
  const headers = { 'x-session-api-key': sessionApiKey };
  return (await fetch(`${server.url}/api/conversations/${path}`, { headers })).json();
}

/** Resolves once the conversation has this status. */
async function untilStatus(sid: string, wanted: string): Promise<void> {
  const deadline = AbortSignal.timeout(60_000);
  while (((await get(sid)) as { execution_status?: string }).execution_status !== wanted) {
    await setTimeout(50, undefined, { signal: deadline });
  }
}

/** The number of times the message is in the conversation's event stream. */
async function timesInStream(sid: string, content: string): Promise<number> {
  const { items } = (await get(`${sid}/events/search?kind=MessageEvent&source=user`)) as {
    items: { llm_message: { content: { text: string }[] } }[];
  };
  return items.filter(({ llm_message: message }) => message.content.some(({ text }) => text === content)).length;
}

async function assertHeardOnce(sid: string, content: string): Promise<void> {
  assert.equal(await timesInStream(sid, content), 1);
  await model.asked(content);
  assert.equal(model.timesAsked(content), 1);
}

/** A connection to a local server that can be interrupted: connections are cut until it is restored. */
class Line {
  readonly #sockets = new Set<Socket>();
  #isUp = true;
  readonly #server;

  constructor(target: string) {
    this.#server = createServer((socket) => {
      if (!this.#isUp) {
        socket.destroy();
        return;
      }
      const onward = connect(Number(new URL(target).port), '127.0.0.1');
      for (const [end, other] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        this.#sockets.add(end);
        end.pipe(other);
        end.on('error', () => other.destroy()).on('close', () => this.#sockets.delete(end));
      }
    });
  }

  async listen(): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  interrupt(): void {
    this.#isUp = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  restore(): void {
    this.#isUp = true;
  }

  async close(): Promise<void> {
    this.interrupt();
    await once(this.#server.close(), 'close');
  }
}

describe('on a real agent server', () => {
  test('a conversation becomes ready, and a second start attaches without another POST', async () => {
    const { input, sid, content } = freshInput();
    const ready = await conversations.ensureReady(input);
    assert.equal(ready.conversationId, sid);
    assert.match(ready.status, /^(running|finished)$/);
    assert.deepEqual(await conversations.ensureReady(input), { ...ready, attached: true, attachedTo: 'ready' });
    assert.equal((await conversations.start(input)).attached, true);
    assert.equal(proxy.count(post), 1);
    await assertHeardOnce(sid, content);
  });

  test('a conversation without a message becomes ready', async () => {
    const { input } = freshInput(model.url, { initialUserMsg: null });
    assert.equal((await conversations.ensureReady(input)).status, 'idle');
  });

  test('a finished conversation takes a new message, even with the same text', async () => {
    const { input, sid, content } = freshInput();
    await conversations.ensureReady(input);
    await untilStatus(sid, 'finished');
    await conversations.ensureReady(input, { resume: true });
    assert.equal(proxy.count(post), 1);
    assert.equal(await timesInStream(sid, content), 2);
    await untilStatus(sid, 'finished');
    assert.equal(model.timesAsked(content), 2);
  });

  test("a rejected create fails with the server's reason", async () => {
    const { input } = freshInput(model.url, { settings: {} });
    await assert.rejects(conversations.ensureReady(input), (error) => {
      assert(error instanceof ConversationRejectedError);
      assert.match(error.message, /agent_settings/);
      return true;
    });
  });

  test('a lost answer does not send the message twice', async () => {
    const { input, sid, content } = freshInput();
    const lost = proxy.loseAnswer(post);
    const ready = conversations.ensureReady(input);
    await lost;
    await ready;
    assert.equal(proxy.count(post), 1);
    await assertHeardOnce(sid, content);
  });

  test('a conversation that was stored without its message gets it once', async () => {
    const { input, sid, content } = freshInput();
    const stored = join(folder, 'data', 'workspace', 'conversations', sid.replaceAll('-', ''), 'meta.json');
    const ready = conversations.ensureReady(input);
    while (!existsSync(stored)) await setTimeout(1);
    await restart('SIGKILL');
    await ready;
    await assertHeardOnce(sid, content);
  });

  test('a create that takes longer than its timeout does not send the message twice', async () => {
    const { input, sid, content } = freshInput(model.url, {
      client: { sessionApiKey, timeout: '1 second' },
      readiness: { interval: '5 seconds' },
    });
    // Before the server stores the message, it waits for this tool server, which never answers, to end.
    const { agentSettings } = input.settings as { agentSettings: object };
    const settings = {
      ...input.settings,
      agentSettings: { ...agentSettings, mcp_config: { slow: { command: 'sleep', args: ['4'] } } },
    };
    await conversations.ensureReady({ ...input, settings });
    assert.equal(proxy.count(post), 1);
    await assertHeardOnce(sid, content);
  });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`a message reaches the model once, even if its answer was lost and ${signal} hit the server`, async () => {
      const line = new Line(model.url);
      const { input, sid, content } = freshInput(`${await line.listen()}/v1`);
      try {
        line.interrupt();
        const lost = proxy.loseAnswer(post);
        const ready = conversations.ensureReady(input);
        await lost;
        // Otherwise the next attempt could find the agent running, and the start would end before the signal.
        proxy.interrupt();
        await untilStatus(sid, 'running');
        await server.stop(signal);
        line.restore();
        server = await startServer(server.port);
        proxy.restore();
        await ready;
        await assertHeardOnce(sid, content);
      } finally {
        await line.close();
      }
    });
  }

  test("an agent that can't start fails the start with the reason", async () => {
    const { input } = freshInput();
    const settings = { ...input.settings, agentSettings: { agent_kind: 'acp', acp_command: ['no-such-program'] } };
    const readiness = { interval: '1 second' } as const;
    await assert.rejects(conversations.ensureReady({ ...input, settings, readiness }), (error) => {
      assert(error instanceof ConversationFailedError);
      assert.match(error.details.reason, /^FileNotFoundError: /);
      return true;
    });
  });

  test('a model that rejects the key fails the start with the reason', async () => {
    const refusing: Server = createHttpServer((_, response) =>
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":{"message":"Incorrect API key"}}'),
    ).listen(0, '127.0.0.1');
    await once(refusing, 'listening');
    const line = new Line(server.url);
    const lineProxy = await startProxy({ target: await line.listen() });
    const modelUrl = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/v1`;
    const { input, sid } = freshInput(modelUrl, { apiUrl: lineProxy.url });
    try {
      const lost = lineProxy.loseAnswer(post);
      const failed = assert.rejects(conversations.ensureReady(input), (error) => {
        assert(error instanceof ConversationFailedError);
        // In the words of the agent's run or of the server's own title request, whichever was refused first.
        assert.match(error.details.reason, /^LLMAuthenticationError: .*API key/);
        return true;
      });
      await lost;
      // No look may find the agent working before it has failed.
      line.interrupt();
      await untilStatus(sid, 'error');
      line.restore();
      await failed;
    } finally {
      await lineProxy.close();
      await line.close();
      refusing.close();
    }
  });
});
