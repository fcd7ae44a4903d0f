import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActivities } from '../../activities/activities.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { failureOf } from '../harness/failure-of.js';
import { ActivityEnvironment, listen } from './activity-environment.js';

const { stopConversation } = createActivities();

test('stops a live conversation, with the session key', async (t) => {
  const server = await listen(t, { sessionApiKey: 'k3y' });
  const input = inputFor(server.url, { sid: 'a b', client: { sessionApiKey: 'k3y' } });
  server.createConversation('a b');
  await new ActivityEnvironment().run(stopConversation, { input });
  assert.equal(server.conversation('a b').isLive, false);
  assert.deepEqual(
    server.requests.map(({ method, path }) => `${method} ${path}`),
    ['POST /api/conversations/a%20b/stop'],
  );
});

test('succeeds if the conversation is stopped already or was never there', async (t) => {
  const server = await listen(t);
  const input = inputFor(server.url);
  await new ActivityEnvironment().run(stopConversation, { input });
  const body = '{"detail":"Conversation not found"}';
  server.inject({ path: /stop/, fault: { kind: 'answer', status: 404, body } });
  await new ActivityEnvironment().run(stopConversation, { input });
  assert.equal(server.requests.length, 2);
});

test('is retried if the server fails', async (t) => {
  const server = await listen(t);
  server.inject({ path: /stop/, fault: { kind: 'answer', status: 500, body: 'Internal Server Error' } });
  const { type, nonRetryable } = await failureOf(
    new ActivityEnvironment().run(stopConversation, { input: inputFor(server.url) }),
  );
  assert.deepEqual({ type, nonRetryable }, { type: 'NestedServerUnavailable', nonRetryable: false });
});

test("does not repeat the server's answer, which may contain a secret that it cannot recognize", async (t) => {
  const server = await listen(t);
  const body = '{"detail":"used password correct-horse-battery","msg_id":"correct-horse"}';
  server.inject({ path: /stop/, fault: { kind: 'answer', status: 400, body } });
  const { type, message, details } = await failureOf(
    new ActivityEnvironment().run(stopConversation, { input: inputFor(server.url) }),
  );
  assert.equal(type, 'ConversationRejected');
  assert.match(message, /\/stop answered 400$/);
  assert.doesNotMatch(JSON.stringify(details), /horse/);
});

test('gives up on a server that hangs', async (t) => {
  const server = await listen(t);
  server.inject({ path: /stop/, fault: { kind: 'black-hole' } });
  const { type, message } = await failureOf(
    new ActivityEnvironment().run(stopConversation, { input: inputFor(server.url) }),
  );
  assert.equal(type, 'NestedServerUnavailable');
  assert.match(message, /\/stop: no answer within 10000 ms$/);
});
