import assert from 'node:assert/strict';
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Payload } from '@temporalio/common';
import fc from 'fast-check';
import { NestedConversations } from '../../client/nested-conversations.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import { FolderStore } from '../../codec/folder-store.js';
import { PayloadMessage } from '../../codec/proto.js';
import { encode } from '../../codec/sdk-internals.js';
import { baseUrlOf } from '../../contract/base-url.js';
import { type CreateNestedConversationInput, parseInput } from '../../contract/input.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { payloadOf } from '../codec/payloads.js';
import { anyValidInput, complete, minimal } from '../contract/valid-input.js';
import { folderFor, forFile, forTest, standInForFile, testFile } from '../harness/fixtures.js';
import { installForPython } from '../harness/python-client.js';
import { startDevServer } from '../harness/temporal.js';

/** The Python client, through `examples/python`, as a user runs it, with real workers. */

const key = randomBytes(32);
const encryption = { PAYLOAD_ENCRYPTION_KEYS: `test:${key.toString('base64')}` };
const dataConverter = dataConverterFor(new Map([['test', createSecretKey(key)]]));
const inPlain = dataConverterFor(new Map());

const runPython = await installForPython();
const folder = await folderFor(testFile);
const server = await standInForFile();

for (const { name, temporal, env } of [
  { name: 'unencrypted', temporal: await forFile(startDevServer({ dataConverter: inPlain })), env: {} },
  { name: 'encrypted', temporal: await forFile(startDevServer({ dataConverter })), env: encryption },
]) {
  describe(name, () => {
    const start = async (input: CreateNestedConversationInput, options: readonly string[] = []) => {
      const inputFile = join(folder, `${randomUUID()}.json`);
      await writeFile(inputFile, JSON.stringify(input));
      const { exitCode, output } = await runPython(['start_conversation.py', inputFile, ...options], {
        ...temporal.variables,
        ...env,
      });
      return { exitCode, output: output as Record<string, unknown> };
    };
    const becomesReady = async (
      input: CreateNestedConversationInput & { sid: string },
      options?: readonly string[],
    ) => {
      const { exitCode, output } = await start(input, options);
      const { conversation_id, status, attempts, attached } = output;
      assert.deepEqual([exitCode, conversation_id, status, attempts], [0, input.sid, 'RUNNING', 1]);
      return attached;
    };

    test('makes a conversation ready and can be called again', async () => {
      const input = inputFor(server.url);
      assert.equal(await becomesReady(input), false);
      assert.equal(await becomesReady(input), true);
      assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build']);
    });

    test('starts a conversation that the TypeScript client attaches to', async () => {
      const input = inputFor(server.url);
      await start(input);
      const { attached } = await new NestedConversations(temporal.env.client).start(input);
      assert.equal(attached, true);
    });

    test('attaches to a large start of the TypeScript client', async () => {
      const input = inputFor(server.url, { initialUserMsg: { content: 'Fix the build '.repeat(10_000) } });
      await new NestedConversations(temporal.env.client).ensureReady(input);
      assert.equal(await becomesReady(input), true);
    });

    test("does not show another user's conversation", async () => {
      const input = inputFor(server.url);
      await start(input);
      const { exitCode, output } = await start({ ...input, userId: 'bob' });
      assert.deepEqual(
        [exitCode, output.error, output.differs, output.run_id],
        [1, 'ConversationTakenError', 'user', null],
      );
    });

    test('rejects another message unless it resumes', async () => {
      const input = inputFor(server.url);
      await start(input);
      const other = { ...input, initialUserMsg: { content: 'And the tests' } };
      const { output } = await start(other);
      assert.deepEqual([output.error, output.details], ['MessageNotSentError', { differs: 'message', run: 'ready' }]);
      server.restart();
      assert.equal(await becomesReady(other, ['--resume']), false);
      assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build', 'And the tests']);
    });

    test('shares a run that the TypeScript client has resumed', async () => {
      const input = inputFor(server.url);
      await start(input);
      server.restart();
      const next = { ...input, initialUserMsg: { content: 'And the tests' } };
      const typed = new NestedConversations(temporal.env.client, { onHint: () => undefined });
      const post = server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'delay-until' } });
      await typed.start(next, { resume: true });
      await post.reached;
      const refused = await start(input, ['--resume']);
      assert.equal(refused.output.error, 'MessageNotSentError');
      post.release();
      assert.equal(await becomesReady(next), true);
      assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build', 'And the tests']);
    });

    test('reports the type, message and details of a failure', async () => {
      const input = inputFor(server.url);
      server.script(input.sid, { agent: 'errors', errorReason: 'STATUS$ERROR_LLM_OUT_OF_CREDITS' });
      const reason = 'STATUS$ERROR_LLM_OUT_OF_CREDITS';
      const { exitCode, output } = await start(input);
      assert.deepEqual(
        [exitCode, output.error, output.message, output.details],
        [1, 'ConversationFailedError', `${input.sid} can't be started: ${reason}`, { reason }],
      );
    });
  });
}

/** Prints the contents of an encoded payload. */
const decode = `
import asyncio, sys
from base64 import b64decode
from temporalio.api.common.v1 import Payload
from nested_conversations.encryption import data_converter, keys_from_environment

codec = data_converter(keys_from_environment()).payload_codec
[payload] = asyncio.run(codec.decode([Payload.FromString(b64decode(sys.argv[1]))]))
print(payload.data.decode())
`;

test('the Python codec reads a compressed and encrypted payload', async () => {
  const large = 'a long recorded conversation '.repeat(10_000);
  const [payload] = await encode(dataConverter.payloadCodecs ?? [], [payloadOf(large)]);
  const encoded = Buffer.from(PayloadMessage.encode(payload as Payload).finish());
  assert.ok(encoded.length < large.length / 50);
  assert.deepEqual(await runPython(['-c', decode, encoded.toString('base64')], encryption), {
    exitCode: 0,
    output: large,
  });
});

/** Prints the invalid fields of each input. */
const check = `
import json, sys
from nested_conversations import InvalidInputError
from nested_conversations._check_input import checked

def fields(conversation):
    try:
        checked(conversation)
    except InvalidInputError as error:
        return sorted(problem.field for problem in error.details.problems)
    return []

print(json.dumps([fields(conversation) for conversation in json.load(sys.stdin)]))
`;

async function wrongFields(inputs: readonly unknown[]): Promise<string[][]> {
  return (await runPython(['-c', check], {}, JSON.stringify(inputs))).output as string[][];
}

describe('the input check in Python', () => {
  test('accepts every input that the contract accepts', async () => {
    const inputs = [minimal, complete, ...fc.sample(anyValidInput(), 500)];
    const output = await wrongFields(inputs);
    const refused = inputs.flatMap((input, index) => (output[index]?.length ? [{ input, fields: output[index] }] : []));
    assert.deepEqual(refused, []);
  });

  test('reports the same fields as the contract', async () => {
    const wrong: readonly object[] = [
      { apiUrl: undefined, userId: undefined },
      { apiUrl: 'ftp://h', sid: '../x', userId: 'a\u0000b' },
      { apiUrl: 'http://ada:pw@h' },
      { apiUrl: `http://h/${'a'.repeat(3000)}` },
      { sid: '' },
      { sid: 'x'.repeat(101) },
      { settings: null },
      { settings: { mcpConfig: [] } },
      { initialUserMsg: { content: '' } },
      { initialUserMsg: { content: 'a', imageUrls: ['u', null] } },
      { client: { timeout: 60, sessionApiKey: 'a b' } },
      { readiness: { interval: 'soon', maximumAttempts: 1.5, readyWhen: 'soon' } },
      { readiness: { retries: 3 } },
      { server: 'devin' },
      { server: 'agent-server' },
      { 'sk-live-Hf83kfAA91': 1 },
    ];
    const inputs = wrong.map((change) => JSON.parse(JSON.stringify({ ...minimal, ...change })));
    const expected = inputs.map((input) => {
      const parsed = parseInput(input);
      return 'problems' in parsed ? parsed.problems.map(({ field }) => field).sort() : [];
    });
    assert.deepEqual(await wrongFields(inputs), expected);
  });
});

/** Prints each URL in the form that the client compares. */
const baseUrls = `
import json, sys
from nested_conversations._started_input import base_url_of

print(json.dumps([base_url_of(url) for url in json.load(sys.stdin)]))
`;

test('the Python client normalizes a URL like the contract', async () => {
  const odd = [
    'HTTP://H:80//',
    'https://h:443/a/../b/./c/',
    'http://h/a b',
    'http://bücher.example/é',
    'http://[::1]:8080/',
  ];
  const urls = [...odd, ...fc.sample(fc.webUrl({ validSchemes: ['http', 'https'] }), 500)];
  const expected = urls.map(baseUrlOf);
  assert.deepEqual((await runPython(['-c', baseUrls], {}, JSON.stringify(urls))).output, expected);
});

/** Leaves a large replay in a folder. */
const leave = `
import asyncio, json, os, sys
from nested_conversations import FolderStore, NestedConversations
from temporalio.client import Client

async def main():
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], namespace=os.environ["TEMPORAL_NAMESPACE"])
    conversations = NestedConversations(client, payload_store=FolderStore(sys.argv[1]), on_hint=lambda _: None)
    ready = await conversations.ensure_ready(json.load(sys.stdin))
    print(json.dumps(ready.status))

asyncio.run(main())
`;

test('a large replay reaches the workers through the payload store', async (t) => {
  const temporal = await forTest(t, startDevServer({ dataConverter: inPlain, payloadStore: new FolderStore(folder) }));
  const events = [{ source: 'user', action: 'message', args: { content: 'é'.repeat(2_000_000) } }];
  const input = inputFor(server.url, { initialUserMsg: null, replayJson: JSON.stringify(events) });
  const env = temporal.variables;
  const { output } = await runPython(['-c', leave, folder], env, JSON.stringify(input));
  assert.equal(output, 'RUNNING');
});
