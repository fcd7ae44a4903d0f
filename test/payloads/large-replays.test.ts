import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { type ConversationRejectedError, InvalidInputError } from '../../client/errors.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import { FolderStore } from '../../codec/folder-store.js';
import { workflowIdOf } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { folderFor, forFile, testFile } from '../harness/fixtures.js';
import { server } from '../harness/openhands-for-each-test.js';
import { startDevServer } from '../harness/temporal.js';

/** Replays larger than Temporal's payload limit of 2 MB, on a dev server, with encryption. */

const dataConverter = dataConverterFor(new Map([['test', createSecretKey(Buffer.alloc(32, 1))]]));
const megabyte = 1024 * 1024;

const folder = await folderFor(testFile);
const payloadStore = new FolderStore(folder);
const temporal = await forFile(startDevServer({ dataConverter, payloadStore }));
const withStore = new NestedConversations(temporal.env.client, { payloadStore });
const withoutStore = new NestedConversations(temporal.env.client);

afterEach(async () => {
  for (const file of await readdir(folder)) await rm(join(folder, file));
});

const eventBytes = 32 * 1024;

/** A trajectory of about this size, of random text that hardly compresses or of one repeated line. */
function replayOf(bytes: number, kind: 'random' | 'repetitive'): string {
  const text = () =>
    kind === 'random' ? randomBytes((eventBytes / 4) * 3).toString('base64') : 'make: *** [all] Error 2\n'.repeat(1365);
  const answers = Array.from({ length: bytes / eventBytes }, () => ({
    source: 'agent',
    action: 'message',
    args: { content: text(), wait_for_response: true },
  }));
  return JSON.stringify([{ source: 'user', action: 'message', args: { content: 'Fix the build' } }, ...answers]);
}

const replaying = (replayJson: string) => inputFor(server.url, { initialUserMsg: null, replayJson });

/** The `replay_json` of the one POST. */
function posted(): unknown {
  const posts = server.requests.filter(({ method, path }) => method === 'POST' && path === '/api/conversations');
  assert.equal(posts.length, 1);
  return (posts[0]?.body as { replay_json: unknown }).replay_json;
}

async function bytesOfHistory(sid: string): Promise<number> {
  const description = await temporal.env.client.workflow.getHandle(workflowIdOf(sid)).describe();
  return description.historySize ?? 0;
}

describe('a replay arrives unchanged', () => {
  const routes: [megabytes: number, kind: 'random' | 'repetitive', route: 'Temporal' | 'the store'][] = [
    [1, 'random', 'Temporal'],
    // Just below the limit, including what Temporal adds for the activity.
    [2.4, 'random', 'Temporal'],
    [3.5, 'repetitive', 'Temporal'],
    [10, 'repetitive', 'the store'],
    [10, 'random', 'the store'],
    [50, 'random', 'the store'],
  ];
  for (const [megabytes, kind, route] of routes) {
    test(`with ${megabytes} MB of ${kind} text through ${route}`, async () => {
      const replay = replayOf(megabytes * megabyte, kind);
      const input = replaying(replay);
      const conversations = route === 'Temporal' ? withoutStore : withStore;
      assert.equal((await conversations.ensureReady(input)).status, 'RUNNING');
      assert(posted() === replay, 'the server must receive it unchanged');
      assert.equal((await readdir(folder)).length, route === 'Temporal' ? 0 : 1);
      const isClaimAlone = (await bytesOfHistory(input.sid)) < 20_000;
      if (route === 'the store') assert(isClaimAlone, 'Temporal must see only the claim');
    });
  }

  test("with characters below, but bytes above Temporal's limit through the store", async () => {
    const chinese = Array.from(randomBytes(1_400_000), (byte, index) =>
      String.fromCharCode(0x4e00 + byte + (index % 71) * 256),
    );
    const message = { source: 'user', action: 'message', args: { content: chinese.join('') } };
    const replay = JSON.stringify([message]);
    assert.equal((await withStore.ensureReady(replaying(replay))).status, 'RUNNING');
    assert(posted() === replay, 'the server must receive it unchanged');
    assert.equal((await readdir(folder)).length, 1);
  });

  test('with 20 MB through the store, four times at once beside a small start', async () => {
    const replay = replayOf(20 * megabyte, 'repetitive');
    const starts = Array.from({ length: 4 }, () => withStore.ensureReady(replaying(replay)));
    const small = withStore.ensureReady(inputFor(server.url));
    for (const { status } of await Promise.all([...starts, small])) assert.equal(status, 'RUNNING');
  });

  test('once, and is neither stored nor sent again if its start exists', async () => {
    const input = replaying(replayOf(4 * megabyte, 'random'));
    const first = await withStore.ensureReady(input);
    assert.deepEqual(await withStore.ensureReady(input), { ...first, attached: true, attachedTo: 'ready' });
    await assert.rejects(withStore.start({ ...input, userId: 'bob' }), { name: 'ConversationTakenError' });
    assert.equal((await readdir(folder)).length, 1);
  });

  test('through the store, in which it is encrypted', async () => {
    const replay = replayOf(5 * megabyte, 'random');
    await withStore.ensureReady(replaying(replay));
    const [file = ''] = await readdir(folder);
    const stored = await readFile(join(folder, file));
    assert(stored.includes('binary/encrypted'));
    assert(!stored.includes(replay.slice(1000, 1020)));
  });
});

test('a failure does not show parts of a stored replay that the server repeats', async () => {
  const replay = replayOf(5 * megabyte, 'random');
  // After a digit: the letter that ends `replay`, found there as well, would be taken for a part of it.
  const begin = replay.indexOf('7', replay.length / 2) + 1;
  const middle = replay.slice(begin, begin + 60);
  const body = JSON.stringify({ detail: `can't replay '${middle}'`, msg_id: middle });
  server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'answer', status: 400, body } });
  await assert.rejects(withStore.ensureReady(replaying(replay)), (error: ConversationRejectedError) => {
    assert.match(error.message, /answered 400 \(can't replay '\*\*\*'\)$/);
    assert.equal(error.details.msgId, '***');
    return true;
  });
});

describe('an input that is too large is rejected with its size before anything is started:', () => {
  const cases: [name: string, input: () => object, field: string, problem: RegExp][] = [
    [
      'a replay without a store',
      () => ({ initialUserMsg: null, replayJson: replayOf(4 * megabyte, 'random') }),
      'replayJson',
      /^has \d{7} bytes when compressed, and Temporal accepts 2000000: set PAYLOAD_STORE/,
    ],
    [
      'a replay without a store that fits compressed but is too large for a worker to inflate',
      () => ({ initialUserMsg: null, replayJson: replayOf(10 * megabyte, 'repetitive') }),
      'replayJson',
      /^has \d{8} bytes when decompressed, and a worker accepts 4194304: set PAYLOAD_STORE/,
    ],
    [
      'a message',
      () => ({
        initialUserMsg: { content: randomBytes(1.5 * megabyte).toString('base64') },
        settings: { conversationInstructions: randomBytes(1.5 * megabyte).toString('base64') },
      }),
      '',
      /^has \d{7} bytes when compressed, .* make settings or initialUserMsg smaller$/,
    ],
    [
      'a replay of 65 MB',
      () => ({ initialUserMsg: null, replayJson: replayOf(65 * megabyte, 'repetitive') }),
      'replayJson',
      /^has \d{8} characters: the maximum is 67108864$/,
    ],
  ];
  for (const [name, input, field, problem] of cases) {
    test(name, async () => {
      const whole = inputFor(server.url, input());
      const error = await withoutStore.start(whole).catch((reason: unknown) => reason);
      assert(error instanceof InvalidInputError);
      assert.deepEqual(
        error.details.problems.map((its) => its.field),
        [field],
      );
      assert.match(error.details.problems[0]?.problem ?? '', problem);
      await assert.rejects(withoutStore.status(whole.sid), { name: 'ConversationNotFoundError' });
    });
  }
});

describe('a stored replay that cannot be read', () => {
  const damages: [name: string, damage: (file: string) => Promise<void>, problem: RegExp][] = [
    ['is missing', (file) => rm(file), /is missing from the payload store: there is no file:\S+\. Start again with/],
    ['was changed', (file) => writeFile(file, 'not a payload'), /can't be read from file:\S+: /],
  ];
  for (const [name, damage, problem] of damages) {
    test(`because it ${name} fails the run with that reason`, async () => {
      const taskQueue = `later-${name}`;
      const later = new NestedConversations(temporal.env.client, { taskQueue, payloadStore });
      const input = replaying(replayOf(4 * megabyte, 'random'));
      const { workflowId } = await later.start(input);
      const [file = ''] = await readdir(folder);
      await damage(join(folder, file));
      const worker = await temporal.newWorker({ taskQueue });
      await assert.rejects(worker.runUntil(temporal.env.client.workflow.getHandle(workflowId).result()));
      const error = await later.result(input.sid).catch((reason: unknown) => reason);
      assert(error instanceof InvalidInputError);
      assert.deepEqual(
        error.details.problems.map(({ field }) => field),
        ['replayJson'],
      );
      assert.match(error.message, problem);
      assert.equal(server.requests.length, 0);
    });
  }

  test('because the worker has no store fails the run with that reason', async () => {
    const taskQueue = 'without-a-store';
    const input = replaying(replayOf(4 * megabyte, 'random'));
    const conversations = new NestedConversations(temporal.env.client, { taskQueue, payloadStore });
    const worker = await temporal.newWorker({ taskQueue, payloadStore: undefined });
    await assert.rejects(worker.runUntil(conversations.ensureReady(input)), {
      name: 'InvalidInputError',
      message: /^replayJson is in a payload store, but this worker has none: set PAYLOAD_STORE/,
    });
  });

  for (const claim of ['../../etc/passwd', 'x']) {
    test(`because its claim is '${claim}' fails the run with that reason`, async () => {
      const input = { ...inputFor(server.url), initialUserMsg: null, replayJson: { claim } };
      const handle = await temporal.env.client.workflow.start('createNestedConversation', {
        workflowId: workflowIdOf(input.sid),
        taskQueue: 'nested-conversations',
        args: [input],
      });
      await assert.rejects(handle.result());
      await assert.rejects(withStore.result(input.sid), {
        message: 'replayJson must be a string: its claim is not a UUID',
      });
    });
  }
});
