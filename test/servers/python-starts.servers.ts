import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { installAgentServer, startAgentServer } from '../../dev-stack/agent-server.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { configureOpenHands, installOpenHands, startOpenHands } from '../../dev-stack/openhands-server.js';
import { startModelStandIn } from '../../dev-stack/stand-ins/model-stand-in.js';
import { folderFor, forFile, testFile } from '../harness/fixtures.js';
import { installForPython } from '../harness/python-client.js';
import { startDevServer } from '../harness/temporal.js';

/** Starts from Python on the real servers of both generations: with the package, and with its examples. */

const sessionApiKey = 'k3y-of-the-session';
const wrongKey = 'k3y-of-another-session';

const runPython = await installForPython();
const folder = await folderFor(testFile);
const temporal = await forFile(startDevServer());
const model = await forFile(startModelStandIn());

type Input = CreateNestedConversationInput & { sid: string };

interface RealServer {
  readonly url: string;
  /** What an input for it has beside the rest. */
  readonly more: Partial<CreateNestedConversationInput>;
}

async function startRealOpenHands(): Promise<RealServer> {
  const installation = await installOpenHands(console.error, '1.6.0');
  const env = { SESSION_API_KEY: sessionApiKey };
  const { url } = await forFile(startOpenHands({ installation, dataFolder: join(folder, 'openhands'), env }));
  await configureOpenHands(url, { llmBaseUrl: model.url, sessionApiKey });
  return { url, more: { server: 'openhands' } };
}

async function startRealAgentServer(): Promise<RealServer> {
  const installation = await installAgentServer(console.error);
  const { url } = await forFile(
    startAgentServer({ installation, dataFolder: join(folder, 'agent-server'), sessionApiKey }),
  );
  const llm = { model: 'openai/gpt-4o', api_key: 'sk-x', base_url: model.url };
  return { url, more: { server: 'agent-server', settings: { agentSettings: { llm, tools: [] } } } };
}

/** Starts a conversation with `start`, waits with `wait`, and prints the outcome. */
const startAndWait = `
import asyncio, json, os, sys
from nested_conversations import (
    ConversationInput,
    ConversationSettings,
    InitialUserMessage,
    NestedClientSettings,
    NestedConversations,
    UnauthorizedError,
)
from temporalio.client import Client

async def main():
    given = json.load(sys.stdin)
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], namespace=os.environ["TEMPORAL_NAMESPACE"])
    conversations = NestedConversations(client, on_hint=lambda _: None)
    started = await conversations.start(
        ConversationInput(
            api_url=given["apiUrl"],
            sid=given["sid"],
            user_id=given["userId"],
            server=given["server"],
            settings=ConversationSettings(agent_settings=given.get("settings", {}).get("agentSettings")),
            initial_user_msg=InitialUserMessage(content=given["initialUserMsg"]["content"]),
            client=NestedClientSettings(session_api_key=given["client"]["sessionApiKey"]),
        )
    )
    try:
        ready = await conversations.wait(given["sid"])
    except UnauthorizedError as error:
        print(json.dumps({"failed": error.details.status, "phase": (await conversations.status(given["sid"])).phase}))
        return
    phase = (await conversations.status(given["sid"])).phase
    print(json.dumps({"ready": ready.conversation_id, "phase": phase, "attached": started.attached}))

asyncio.run(main())
`;

/** Starts a conversation twice with the two methods of a conversation manager. */
const manage = `
import asyncio, json, os, sys
from types import SimpleNamespace
from manager import DurableStart
from nested_conversations import NestedConversations
from temporalio.client import Client

async def main():
    given = json.load(sys.stdin)
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], namespace=os.environ["TEMPORAL_NAMESPACE"])
    manager = DurableStart()
    manager.conversations = NestedConversations(client, on_hint=lambda _: None)
    http = SimpleNamespace(headers={"X-Session-API-Key": given["client"]["sessionApiKey"]})
    message = SimpleNamespace(content=given["initialUserMsg"]["content"], image_urls=None)
    where = (http, given["apiUrl"], given["sid"])
    for _ in range(2):
        await manager.create_nested_conversation(*where, given["userId"], None, message, None)
        await manager.wait_for_conversation_ready(*where)
    print(json.dumps("ready"))

asyncio.run(main())
`;

const run = (program: string, input: Input) => runPython(['-c', program], temporal.variables, JSON.stringify(input));

for (const { name, start } of [
  { name: 'openhands 1.6.0', start: startRealOpenHands },
  { name: 'agent-server 1.58.2', start: startRealAgentServer },
]) {
  describe(`on ${name}`, () => {
    let server: RealServer;
    before(async () => {
      server = await start();
    });

    const newInput = (key = sessionApiKey) => {
      const content = `Say hello to ${randomUUID()}`;
      const more = { sid: randomUUID(), initialUserMsg: { content }, client: { sessionApiKey: key }, ...server.more };
      return { content, input: inputFor(server.url, more) };
    };

    const runExample = async (input: Input) => {
      const path = join(folder, `${input.sid}.json`);
      await writeFile(path, JSON.stringify(input));
      const { exitCode, output } = await runPython(['start_conversation.py', path], temporal.variables);
      return { exitCode, output: output as Record<string, unknown> };
    };

    const assertSentOnce = async (content: string) => {
      await model.asked(content);
      assert.equal(model.timesAsked(content), 1);
    };

    test('the example makes a conversation ready, attaches the second time, and sends the message once', async () => {
      const { content, input } = newInput();
      for (const attached of [false, true]) {
        const { exitCode, output } = await runExample(input);
        assert.deepEqual([exitCode, output.conversation_id, output.attached], [0, input.sid, attached]);
      }
      await assertSentOnce(content);
    });

    test('the package starts a conversation and waits until it is ready', async () => {
      const { content, input } = newInput();
      const { output } = await run(startAndWait, input);
      assert.deepEqual(output, { ready: input.sid, phase: 'ready', attached: false });
      await assertSentOnce(content);
    });

    test('a wrong key is an UnauthorizedError, in the package and in the example', async () => {
      const { input } = newInput(wrongKey);
      assert.deepEqual((await run(startAndWait, input)).output, { failed: 401, phase: 'failed' });
      const { content, input: other } = newInput(wrongKey);
      const { exitCode, output } = await runExample(other);
      const { status } = output.details as { status?: number };
      assert.deepEqual([exitCode, output.error, status], [1, 'UnauthorizedError', 401]);
      assert.match(String(output.message), /check client\.sessionApiKey/);
      assert(!JSON.stringify(output).includes(wrongKey));
      assert.equal(model.timesAsked(content), 0);
    });

    if (name.startsWith('openhands')) {
      test("a conversation manager's two methods can be called again, and the message is sent once", async () => {
        const { content, input } = newInput();
        assert.equal((await run(manage, input)).output, 'ready');
        await assertSentOnce(content);
      });
    }
  });
}
