import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApplicationFailureCategory } from '@temporalio/common';
import { createActivities } from '../../activities/activities.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { failureOf } from '../harness/failure-of.js';
import { ActivityEnvironment, listen } from './activity-environment.js';

const post = { method: 'POST', path: '/api/conversations' };

describe('an activity above the request limit of its server', () => {
  test('creates nothing and is retried after a delay', async (t) => {
    const server = await listen(t);
    const { createConversation } = createActivities({ maximumPerServer: 1 });
    const create = (sid: string, apiUrl = server.url) =>
      new ActivityEnvironment().run(createConversation, { input: inputFor(apiUrl, { sid }) });
    const held = server.inject({ ...post, fault: { kind: 'delay-until' } });
    const first = create('first');
    await held.reached;
    const before = server.requestCount;

    // The same server, spelled differently.
    const failure = await failureOf(create('second', `${server.url.replace('http', 'HTTP')}//`));
    assert.deepEqual(
      [failure.type, failure.nonRetryable, failure.category],
      ['NestedServerUnavailable', false, ApplicationFailureCategory.BENIGN],
    );
    assert.match(failure.message, /^not sent yet: 1 requests? to http:\S+ are in flight/);
    const delayMs = Number(failure.nextRetryDelay);
    assert(delayMs >= 1000 && delayMs <= 2000, `in ${delayMs} ms`);
    assert.equal(server.requestCount, before);

    // A different server: another path.
    await assert.rejects(create('third', `${server.url}/other`), /answered 404/);
    held.release();
    await first;
    await create('fourth');
  });

  test('checks nothing and keeps the interval of the readiness policy', async (t) => {
    const server = await listen(t);
    const { createConversation, checkConversationReady } = createActivities({ maximumPerServer: 1 });
    const input = inputFor(server.url, { sid: 'conv' });
    const created = await new ActivityEnvironment().run(createConversation, { input });
    const look = () =>
      failureOf(new ActivityEnvironment().run(checkConversationReady, { ...created, apiUrl: server.url }));
    const held = server.inject({ path: /./, fault: { kind: 'delay-until' } });
    const first = new ActivityEnvironment().run(checkConversationReady, { ...created, apiUrl: server.url });
    await held.reached;
    const before = server.requestCount;
    const failure = await look();
    assert.deepEqual(
      [failure.nonRetryable, failure.category, failure.nextRetryDelay],
      [false, ApplicationFailureCategory.BENIGN, undefined],
    );
    assert.match(failure.message, /^conv is not checked: 1 requests? to .*; look 1 of 60, next in 2 seconds$/);
    assert.equal(server.requestCount, before);
    held.release();
    await first.catch(() => undefined);
  });

  test('stops nothing, but stops have a separate limit', async (t) => {
    const server = await listen(t);
    const { createConversation, stopConversation } = createActivities({ maximumPerServer: 1 });
    const input = inputFor(server.url, { sid: 'conv' });
    const held = server.inject({ ...post, fault: { kind: 'delay-until' } });
    const create = new ActivityEnvironment().run(createConversation, { input });
    await held.reached;
    const heldStop = server.inject({ path: /stop$/, fault: { kind: 'delay-until' } });
    const stop = new ActivityEnvironment().run(stopConversation, { input });
    await heldStop.reached;
    const { type } = await failureOf(new ActivityEnvironment().run(stopConversation, { input }));
    assert.equal(type, 'NestedServerUnavailable');
    held.release();
    heldStop.release();
    await Promise.all([create, stop]);
  });
});
