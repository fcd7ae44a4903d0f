import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Payload } from '@temporalio/common';
import { encode } from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import { PayloadMessage } from '../../codec/proto.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { installPythonPackages } from '../../dev-stack/python-package.js';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { payloadOf } from '../codec/payloads.js';
import { startDevServer, type Temporal } from '../harness/temporal.js';

/** `examples/python`, as a person runs it. */

const examples = fileURLToPath(new URL('../../../examples/python/', import.meta.url));
const key = randomBytes(32);

let python: string;
let folder: string;
let server: OpenHandsStandIn;

before(async () => {
  const requirements = (await readFile(join(examples, 'requirements.txt'), 'utf8')).trim().split('\n');
  python = await installPythonPackages({ requirements, report: console.error });
  folder = await mkdtemp(join(tmpdir(), 'python-client-'));
  server = await OpenHandsStandIn.listen();
});
after(async () => {
  await server?.close();
  await rm(folder, { recursive: true });
});

interface Ended {
  /** Or the signal that it was ended by. */
  readonly exitCode: number | NodeJS.Signals | null;
  /** What it printed. */
  readonly told: unknown;
}

/** Runs Python in the folder of the examples, with nothing of this machine's settings. */
function runPython(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const options = { cwd: examples, env: { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1', ...env } };
  return new Promise((resolve, reject) => {
    const child = execFile(python, args, options, (_, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr));
      else resolve({ exitCode: child.exitCode ?? child.signalCode, told: JSON.parse(stdout) });
    });
  });
}

const encryption = { PAYLOAD_ENCRYPTION_KEYS: `test:${key.toString('base64')}` };
const dataConverter = dataConverterFor(new Map([['test', createSecretKey(key)]]));

for (const { script, options, env } of [
  { script: 'start_conversation.py', options: {}, env: {} },
  { script: 'start_conversation_encrypted.py', options: { dataConverter }, env: encryption },
]) {
  describe(script, () => {
    let temporal: Temporal;
    before(async () => {
      temporal = await startDevServer(options);
    });
    after(() => temporal.stop());

    const start = async (input: CreateNestedConversationInput, options: readonly string[] = []) => {
      const file = join(folder, `${randomUUID()}.json`);
      await writeFile(file, JSON.stringify(input));
      return runPython([script, file, ...options], { TEMPORAL_ADDRESS: temporal.env.address, ...env });
    };
    const readyAtOnce = (sid: string) => ({
      exitCode: 0,
      told: { conversationId: sid, status: 'RUNNING', attempts: 1 },
    });

    test('brings a conversation to ready, also when it is called again', async () => {
      const input = inputFor(server.url);
      assert.deepEqual(await start(input), readyAtOnce(input.sid));
      assert.deepEqual(await start(input), readyAtOnce(input.sid));
      assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build']);
    });

    test('starts what the typed client attaches to', async () => {
      const input = inputFor(server.url);
      await start(input);
      const { attached } = await new NestedConversations(temporal.env.client).start(input);
      assert.equal(attached, true);
    });

    test("does not show another user's conversation", async () => {
      const input = inputFor(server.url);
      await start(input);
      const { exitCode, told } = await start({ ...input, userId: 'bob' });
      assert.deepEqual([exitCode, (told as { type: string }).type], [1, 'StartRefused']);
    });

    test('refuses another message, and sends it where it resumes', async () => {
      const input = inputFor(server.url);
      await start(input);
      const other = { ...input, initialUserMsg: { content: 'And the tests' } };
      const { told } = await start(other);
      assert.match((told as { message: string }).message, /was started with another message: nothing was sent$/);
      server.restart();
      assert.deepEqual(await start(other, ['--resume']), readyAtOnce(input.sid));
      assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build', 'And the tests']);
    });

    test('shares what the typed client has resumed', async () => {
      const input = inputFor(server.url);
      await start(input);
      server.restart();
      const next = { ...input, initialUserMsg: { content: 'And the tests' } };
      const typed = new NestedConversations(temporal.env.client, { onHint: () => undefined });
      const post = server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'delay-until' } });
      await typed.start(next, { resume: true });
      await post.reached;
      const refused = await start(input, ['--resume']);
      assert.match((refused.told as { message: string }).message, /started with another message/);
      post.release();
      assert.deepEqual(await start(next), readyAtOnce(input.sid));
      assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build', 'And the tests']);
    });

    test('tells the type, message and details of a failure', async () => {
      const input = inputFor(server.url);
      server.script(input.sid, { agent: 'errors', errorReason: 'STATUS$ERROR_LLM_OUT_OF_CREDITS' });
      const reason = 'STATUS$ERROR_LLM_OUT_OF_CREDITS';
      assert.deepEqual(await start(input), {
        exitCode: 1,
        told: { type: 'ConversationFailed', message: `${input.sid} can't be started: ${reason}`, details: { reason } },
      });
    });
  });
}

/** Prints what is in an encoded payload. */
const decode = `
import asyncio, sys
from base64 import b64decode
from temporalio.api.common.v1 import Payload
from encryption_codec import EncryptionCodec, keys_from_environment

codec = EncryptionCodec(keys_from_environment())
[payload] = asyncio.run(codec.decode([Payload.FromString(b64decode(sys.argv[1]))]))
print(payload.data.decode())
`;

test('the codec of the example reads what was compressed and encrypted', async () => {
  const large = 'a long recorded conversation '.repeat(10_000);
  const [payload] = await encode(dataConverter.payloadCodecs ?? [], [payloadOf(large)]);
  const encoded = Buffer.from(PayloadMessage.encode(payload as Payload).finish());
  assert.ok(encoded.length < large.length / 50);
  assert.deepEqual(await runPython(['-c', decode, encoded.toString('base64')], encryption), {
    exitCode: 0,
    told: large,
  });
});
