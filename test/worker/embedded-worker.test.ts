import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadWorkerConfig } from '../../config/worker.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { embeddedWorkerOptions } from '../../worker/embedded-worker-options.js';
import { ActivityEnvironment, listen } from '../activities/activity-environment.js';
import { failureOf } from '../harness/failure-of.js';

test('an embedded worker sends requests only where NESTED_SERVER_ALLOW permits', async (t) => {
  const server = await listen(t);
  const { activities } = embeddedWorkerOptions(loadWorkerConfig({ NESTED_SERVER_ALLOW: '10.0.0.0/8' }));
  const outcome = new ActivityEnvironment().run(activities.createConversation, { input: inputFor(server.url) });
  const failure = await failureOf(outcome);
  assert.equal(failure.type, 'ConversationRejected');
  assert.match(failure.message, /was not sent/);
  assert.deepEqual(server.requests, []);
});

test('an embedded worker respects WORKER_MAX_ACTIVITIES_PER_SERVER', async (t) => {
  const server = await listen(t);
  const held = server.inject({ path: /./, fault: { kind: 'delay-until' } });
  const { activities } = embeddedWorkerOptions(loadWorkerConfig({ WORKER_MAX_ACTIVITIES_PER_SERVER: '1' }));
  const run = () => new ActivityEnvironment().run(activities.createConversation, { input: inputFor(server.url) });
  const first = run();
  await held.reached;
  const failure = await failureOf(run());
  held.release();
  await first;
  assert.match(failure.message, /1 /);
  assert.equal(failure.type, 'NestedServerUnavailable');
});
