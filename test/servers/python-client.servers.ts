import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cacheFolder } from '../../dev-stack/cache-folder.js';
import { installPythonPackages } from '../../dev-stack/python-package.js';
import { runCommand } from '../../dev-stack/run-command.js';
import { inputFor } from '../harness/start.js';
import { startDevServer, type Temporal } from '../harness/temporal.js';
import { OpenHandsStandIn } from '../nested-server/openhands-stand-in.js';

/** What another program needs: the type's name, the task queue and JSON. */
const script = `
import asyncio, json, sys
from temporalio.client import Client

async def main():
    client = await Client.connect(sys.argv[1])
    conversation = json.loads(sys.argv[2])
    result = await client.execute_workflow(
        "createNestedConversation",
        conversation,
        id="conversation-" + conversation["sid"],
        task_queue="nested-conversations",
    )
    print(json.dumps(result))

asyncio.run(main())
`;

let temporal: Temporal;
let server: OpenHandsStandIn;
let python: string;

before(async () => {
  const requirement = 'temporalio==1.35.0';
  const folder = join(cacheFolder(), requirement.replace('==', '-'));
  python = await installPythonPackages({ folder, requirements: [requirement], report: console.error });
  temporal = await startDevServer();
  server = await OpenHandsStandIn.listen();
});
after(async () => {
  await server?.close();
  await temporal?.stop();
});

test("a start from Python's temporalio, given only JSON and the type's name, becomes ready", async () => {
  const input = inputFor(server.url);
  const answer = await runCommand(python, ['-c', script, temporal.env.address, JSON.stringify(input)]);
  assert.deepEqual(JSON.parse(answer), { conversationId: input.sid, status: 'RUNNING', attempts: 1 });
  assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build']);
});
