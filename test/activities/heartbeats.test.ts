import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActivities } from '../../activities/activities.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { ActivityEnvironment, listen } from './activity-environment.js';

test('heartbeats are sent less often during a write than during a read', async (t) => {
  const server = await listen(t);
  const { createConversation, checkConversationReady } = createActivities();
  const created = await new ActivityEnvironment().run(createConversation, { input: inputFor(server.url) });

  const post = server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'delay-until' } });
  const writing = new ActivityEnvironment();
  const write = writing.run(createConversation, { input: inputFor(server.url) });
  await post.reached;

  const read = server.inject({ path: /./, times: Number.POSITIVE_INFINITY, fault: { kind: 'delay-until' } });
  const reading = new ActivityEnvironment();
  const look = reading.run(checkConversationReady, { ...created, apiUrl: server.url });
  await read.reached;
  for (let beats = 0; beats < 3; beats++) await reading.nextHeartbeat();
  assert.deepEqual(writing.heartbeats, []);

  read.remove();
  read.release();
  post.release();
  await Promise.all([write, look]);
});
