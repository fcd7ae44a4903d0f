import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NestedConversations } from '../../client/nested-conversations.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { forFile, startWorkerFor } from '../harness/fixtures.js';
import { server } from '../harness/openhands-for-each-test.js';
import { startDevServer } from '../harness/temporal.js';

/**
 * On a dev server, not on the one that skips time: the server decides what survives a failed or killed attempt, and
 * only the dev server is the real one.
 */
const temporal = await forFile(startDevServer());
const conversations = new NestedConversations(temporal.env.client);

const post = { method: 'POST', path: '/api/conversations' };

/** The messages that the model was asked to answer, in order. One that it was asked about twice is listed twice. */
function questions(sid: string): (string | undefined)[] {
  return server.conversation(sid).modelCalls.map((messages) => messages.at(-1));
}

describe('the first message reaches the agent exactly once when', () => {
  test("the POST's answer was lost", async () => {
    const input = inputFor(server.url);
    server.inject({ ...post, fault: { kind: 'lose-answer' } });
    await conversations.ensureReady(input);
    assert.equal(server.count('POST /api/conversations'), 1);
    assert.deepEqual(questions(input.sid), ['Fix the build']);
  });

  test('the server restarted after it accepted the POST and before the retry', async () => {
    const input = inputFor(server.url);
    server.script(input.sid, { agent: 'runs' });
    const lost = server.inject({ ...post, fault: { kind: 'lose-answer' } });
    const ready = conversations.ensureReady(input);
    await lost.reached;
    server.restart();
    server.script(input.sid, {});
    assert.equal((await ready).status, 'RUNNING');
    assert.equal(server.count('POST /api/conversations'), 2);
    assert.deepEqual(
      server.conversation(input.sid).events.filter(({ action, source }) => action === 'message' && source === 'user')
        .length,
      1,
    );
  });

  test('the worker was killed after the POST and before it could report the answer', async (t) => {
    const taskQueue = 'killed-after-the-post';
    const env = { ...temporal.variables, TEMPORAL_TASK_QUEUE: taskQueue };
    const input = inputFor(server.url);
    const accepted = server.inject({ ...post, fault: { kind: 'black-hole', process: true } });
    const worker = startWorkerFor(t, { env });
    const ready = new NestedConversations(temporal.env.client, { taskQueue }).ensureReady(input);
    await accepted.reached;
    worker.kill('SIGKILL');
    await worker.ended;
    startWorkerFor(t, { env });
    assert.equal((await ready).status, 'RUNNING');
    assert.equal(server.count('POST /api/conversations'), 1);
    assert.deepEqual(questions(input.sid), ['Fix the build']);
  });

  test('two callers start the same conversation at once', async () => {
    const input = inputFor(server.url);
    await Promise.all([conversations.ensureReady(input), conversations.ensureReady(input)]);
    assert.deepEqual(questions(input.sid), ['Fix the build']);
  });

  for (const content of ['And now the tests', 'Fix the build']) {
    test(`a finished conversation is resumed with '${content}'`, async () => {
      const input = inputFor(server.url);
      await conversations.ensureReady(input);
      server.restart();
      await conversations.ensureReady({ ...input, initialUserMsg: { content } }, { resume: true });
      assert.deepEqual(questions(input.sid), ['Fix the build', content]);
    });
  }

  test('the caller crashed and calls again after the run completed', async () => {
    const input = inputFor(server.url);
    const first = await conversations.ensureReady(input);
    assert.deepEqual(await conversations.ensureReady(input), { ...first, attached: true, attachedTo: 'ready' });
    assert.deepEqual(questions(input.sid), ['Fix the build']);
  });

  test("the conversation's loop was already alive", async () => {
    const input = inputFor(server.url);
    server.createConversation(input.sid, { initial_user_msg: 'Hello' });
    await conversations.ensureReady(input);
    assert.deepEqual(questions(input.sid), ['Hello', 'Fix the build']);
  });

  test('the loop was already alive and the answer to the delivery was lost', async () => {
    const input = inputFor(server.url);
    server.createConversation(input.sid);
    server.inject({ method: 'POST', path: /\/events$/, fault: { kind: 'lose-answer' } });
    await conversations.ensureReady(input);
    assert.deepEqual(questions(input.sid), ['Fix the build']);
  });
});

test('a check continues from what an earlier one saw, even if the one in between saw nothing new', async () => {
  const input = inputFor(server.url, { readiness: { interval: '1 second' } });
  server.script(input.sid, { unstartedLooks: 1, loadingLooks: 5 });
  assert.equal((await conversations.ensureReady(input)).attempts, 4);
  const events = server.requests.filter(({ path }) => path.startsWith(`/api/conversations/${input.sid}/events?`));
  assert.deepEqual(
    events.map(({ path }) => new URL(path, server.url).searchParams.get('start_id')),
    // Two by the create, one by the look that sees `loading`, the others by the look after it.
    [null, '0', '0', '1', '1', '1'],
  );
});
