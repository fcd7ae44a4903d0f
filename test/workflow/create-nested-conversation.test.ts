import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Context, heartbeat } from '@temporalio/activity';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { createActivities } from '../../activities/activities.js';
import type { Activities } from '../../activities/interface.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { workflowBundleFor } from '../../worker/workflow-bundle.js';
import { failureOf } from '../harness/failure-of.js';
import { forFile } from '../harness/fixtures.js';
import { cancellationRequested, historyLength, recordedActivities } from '../harness/history.js';
import { server } from '../harness/openhands-for-each-test.js';
import { run, start } from '../harness/start.js';
import { startTimeSkipping } from '../harness/temporal.js';

const temporal = await forFile(startTimeSkipping());

const post = 'POST /api/conversations';

/** Requests for events by a `createConversation` without trouble: one before its POST, one after. */
const eventsReadByCreate = 2;

describe('a conversation that becomes ready', () => {
  test('is ready at the first check if its agent starts at once', async () => {
    const input = inputFor(server.url);
    assert.deepEqual(await run(temporal, input), { conversationId: input.sid, status: 'RUNNING', attempts: 1 });
    assert.equal(server.count(post), 1);
    assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build']);
  });

  test('is ready at the last check', async () => {
    const input = inputFor(server.url, { readiness: { maximumAttempts: 5 } });
    server.script(input.sid, { loadingLooks: eventsReadByCreate - 1 + 5 });
    assert.equal((await run(temporal, input)).attempts, 5);
    assert.equal(server.count(post), 1);
  });

  for (const looks of [1, 60]) {
    test(`leaves a history of 17 events after ${looks} check${looks > 1 ? 's' : ''}`, async () => {
      const input = inputFor(server.url);
      server.script(input.sid, { loadingLooks: eventsReadByCreate - 1 + looks });
      const handle = await start(temporal, input);
      assert.equal((await handle.result()).attempts, looks);
      assert.equal(await historyLength(handle), 17);
    });
  }

  test('needs no message', async () => {
    const input = inputFor(server.url, { initialUserMsg: null });
    assert.equal((await run(temporal, input)).status, 'RUNNING');
  });
});

describe('a conversation that does not become ready', () => {
  test('fails after exactly maximumAttempts checks, one interval apart', async () => {
    const input = inputFor(server.url, { readiness: { interval: '7 seconds', maximumAttempts: 4 } });
    server.script(input.sid, { agent: 'dead' });
    const handle = await start(temporal, input);
    const failure = await failureOf(handle.result());

    assert.equal(failure.type, 'ConversationNotReady');
    const [details] = failure.details as [{ waitedMs: number }];
    const { waitedMs, ...rest } = details;
    assert.deepEqual(rest, {
      attempts: 4,
      maximumAttempts: 4,
      interval: '7 seconds',
      lastObservation: 'RUNNING (agent loading)',
    });
    assert.equal(Math.floor(waitedMs / 7000), 3, 'there must be three intervals between four checks');
    const [, look] = await recordedActivities(handle);
    assert(look);
    assert.deepEqual(look.retryPolicy, { intervalMs: 7000, backoffCoefficient: 1, maximumAttempts: 4 });
    assert.equal(look.attempts, 4);
    assert.equal(Math.floor(look.waitedMs / 7000), 3);
    assert.equal(server.count(`GET /api/conversations/${input.sid}`), 1 + 4);
    assert.equal(server.count(post), 1);
  });

  test('fails with the last observation if the last check never ends', async () => {
    const taskQueue = 'looks-that-never-end';
    const neverEnds: Activities['checkConversationReady'] = () => {
      heartbeat({ seen: 'STARTING (agent loading)' });
      return Context.current().cancelled;
    };
    const worker = await Worker.create({
      connection: temporal.env.nativeConnection,
      taskQueue,
      workflowBundle: workflowBundleFor(),
      activities: { ...createActivities(), checkConversationReady: neverEnds },
    });
    const input = inputFor(server.url, { readiness: { maximumAttempts: 1, lookTimeout: '100 milliseconds' } });
    const failure = await worker.runUntil(failureOf(run(temporal, input, taskQueue)));
    assert.equal(failure.type, 'ConversationNotReady');
    assert.match(failure.message, /last seen STARTING \(agent loading\) \(the last look timed out\)/);
  });

  test('fails with the last observation if the last check gets no answer', async () => {
    const input = inputFor(server.url, { readiness: { maximumAttempts: 2, lookTimeout: '200 milliseconds' } });
    server.script(input.sid, { loadingLooks: 1000 });
    server.inject({ path: /\/events/, after: eventsReadByCreate + 1, fault: { kind: 'black-hole' } });
    const failure = await failureOf(run(temporal, input));
    assert.equal(failure.type, 'ConversationNotReady');
    assert.match(failure.message, /after 2 looks.*no answer within 200 ms/);
  });

  test('fails at once with the reason when its agent reports an error', async () => {
    const input = inputFor(server.url);
    server.script(input.sid, { agent: 'errors', errorReason: 'STATUS$ERROR_LLM_AUTHENTICATION' });
    const handle = await start(temporal, input);
    const failure = await failureOf(handle.result());
    assert.equal(failure.type, 'ConversationFailed');
    assert.deepEqual(failure.details, [{ reason: 'STATUS$ERROR_LLM_AUTHENTICATION' }]);
  });

  test('fails at once, without a check, when the server rejects it', async () => {
    server.options.settings = 'missing';
    const handle = await start(temporal, inputFor(server.url));
    const failure = await failureOf(handle.result());
    assert.equal(failure.type, 'ConversationRejected');
    assert.equal((failure.details?.[0] as { msgId?: string }).msgId, 'CONFIGURATION$SETTINGS_NOT_FOUND');
    assert.deepEqual(
      (await recordedActivities(handle)).map(({ type }) => type),
      ['createConversation'],
    );
    assert.equal(server.count(post), 1);
  });

  test('fails after two minutes of attempts if the server is down', async () => {
    await server.down();
    const handle = await start(temporal, inputFor(server.url));
    const failure = await failureOf(handle.result());
    assert.equal(failure.type, 'NestedServerUnavailable');
    assert.match(failure.message, /connection refused/);
    const [create] = await recordedActivities(handle);
    assert(create);
    assert.equal(create.attempts, 12);
    assert(create.waitedMs >= 120_000);
  });
});

describe('a conversation that the server loses after the create', () => {
  test('is created again, and its message reaches the agent once', async () => {
    const input = inputFor(server.url);
    server.script(input.sid, { loadingLooks: 100 });
    const held = server.inject({
      path: /\/events/,
      after: eventsReadByCreate,
      fault: { kind: 'delay-until' },
    });
    const handle = await start(temporal, input);
    await held.reached;
    server.restart();
    server.script(input.sid, {});
    held.release();
    assert.equal((await handle.result()).status, 'RUNNING');
    assert.deepEqual(server.conversation(input.sid).messagesSeenByModel, ['Fix the build']);
  });

  test('fails with that reason if it is lost again and again', async () => {
    const input = inputFor(server.url);
    server.script(input.sid, { evictedAtLook: 2 });
    const failure = await failureOf(run(temporal, input));
    assert.equal(failure.type, 'ConversationFailed');
    assert.match(failure.message, /does not settle/);
    assert.equal(server.count(post), 4);
  });

  test('is checked again after each return to createConversation that finds nothing to do', async () => {
    const taskQueue = 'changing-its-mind';
    const activities = createActivities();
    const changesItsMind: Activities['checkConversationReady'] = async (given) => {
      const look = await activities.checkConversationReady(given);
      const { attempts } = look;
      return attempts < 6 ? { ready: false, attempts, seen: 'odd', evidence: given.evidence } : look;
    };
    const worker = await Worker.create({
      connection: temporal.env.nativeConnection,
      taskQueue,
      workflowBundle: workflowBundleFor(),
      activities: { ...activities, checkConversationReady: changesItsMind },
    });
    const outcome = await worker.runUntil(run(temporal, inputFor(server.url), taskQueue));
    assert.deepEqual([outcome.status, outcome.attempts], ['RUNNING', 6]);
  });
});

describe('a start that is cancelled', () => {
  async function assertEndsCancelled(handle: WorkflowHandle): Promise<void> {
    await assert.rejects(
      handle.result(),
      (error) => error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure,
    );
  }

  test('between checks ends cancelled without another check', async () => {
    const input = inputFor(server.url, { readiness: { interval: '1 hour' } });
    server.script(input.sid, { agent: 'dead' });
    const handle = await start(temporal, input);
    await server.received(`GET /api/conversations/${input.sid}`, 1 + 1);
    await handle.cancel();
    await assertEndsCancelled(handle);
    assert.equal(server.count(`GET /api/conversations/${input.sid}`), 1 + 1);
  });

  test('during a check ends cancelled, and the check is given up', async () => {
    const input = inputFor(server.url, { readiness: { lookTimeout: '1 minute' } });
    const held = server.inject({ path: /\/events/, after: eventsReadByCreate, fault: { kind: 'delay-until' } });
    const handle = await start(temporal, input);
    await held.reached;
    await handle.cancel();
    await assertEndsCancelled(handle);
    assert.equal(server.conversation(input.sid).messagesSeenByModel.length, 1);
  });

  test('during the POST ends cancelled once the POST is answered', async () => {
    const input = inputFor(server.url, { onFailure: 'stop' });
    const held = server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'delay-until' } });
    const handle = await start(temporal, input);
    await held.reached;
    await handle.cancel();
    await cancellationRequested(handle);
    held.release();
    await assertEndsCancelled(handle);
    assert.equal(server.count(post), 1);
    assert.equal(server.conversation(input.sid).status, 'STOPPED');
  });
});

describe('onFailure', () => {
  test('stop: the conversation is stopped after a failure, which is still the result', async () => {
    const input = inputFor(server.url, { onFailure: 'stop', readiness: { maximumAttempts: 1 } });
    server.script(input.sid, { agent: 'dead' });
    assert.equal((await failureOf(run(temporal, input))).type, 'ConversationNotReady');
    assert.equal(server.conversation(input.sid).status, 'STOPPED');
  });

  test('stop: a server that fails to stop it does not hide the failure', async () => {
    const input = inputFor(server.url, { onFailure: 'stop', readiness: { maximumAttempts: 1 } });
    server.script(input.sid, { agent: 'dead' });
    server.inject({ path: /\/stop$/, times: 9, fault: { kind: 'answer', status: 500 } });
    assert.equal((await failureOf(run(temporal, input))).type, 'ConversationNotReady');
  });

  test('keep: the conversation is left running', async () => {
    const input = inputFor(server.url, { readiness: { maximumAttempts: 1 } });
    server.script(input.sid, { agent: 'dead' });
    await failureOf(run(temporal, input));
    assert.equal(server.count(`POST /api/conversations/${input.sid}/stop`), 0);
  });
});

describe('an input that breaks the contract', () => {
  const valid = inputFor('http://127.0.0.1:9');
  const nested = (levels: number): object => (levels === 0 ? {} : { inner: nested(levels - 1) });
  const inputs: [name: string, input: unknown, field: string][] = [
    ['no input', undefined, ''],
    ['null', null, ''],
    ['a number', 7, ''],
    ['an array', [valid], ''],
    ['no sid', { ...valid, sid: undefined }, 'sid'],
    ['a sid with a path', { ...valid, sid: '../x' }, 'sid'],
    ['an unknown key', { ...valid, colour: 'red' }, 'colour'],
    ['an unknown key that is half of a surrogate pair', { ...valid, '\ud800': 1 }, '\ufffd'],
    [
      'a setting with 200 levels',
      { ...valid, settings: { mcpConfig: nested(200) } },
      `settings.mcpConfig${'.inner'.repeat(6)}.…`,
    ],
    ['an unknown key with onFailure stop', { ...valid, colour: 'red', onFailure: 'stop' }, 'colour'],
    ['an interval of 0', { ...valid, readiness: { interval: '0' } }, 'readiness.interval'],
    ['an interval in milliseconds', { ...valid, readiness: { interval: 500 } }, 'readiness.interval'],
    ['an attempt limit of 0', { ...valid, readiness: { maximumAttempts: 0 } }, 'readiness.maximumAttempts'],
    ['an attempt limit of 1.5', { ...valid, readiness: { maximumAttempts: 1.5 } }, 'readiness.maximumAttempts'],
    ['an invalid replay', { ...valid, initialUserMsg: null, replayJson: '[]' }, 'replayJson'],
    ['an apiUrl with credentials', { ...valid, apiUrl: 'http://ada:secret@h' }, 'apiUrl'],
    ['an empty sid with onFailure stop', { ...valid, sid: '', onFailure: 'stop' }, 'sid'],
  ];
  for (const [name, input, field] of inputs) {
    test(`${name} fails the run, names the field and sends nothing`, async () => {
      const pointed = typeof input === 'object' && input !== null && 'apiUrl' in input && field !== 'apiUrl';
      const handle = await start(temporal, pointed ? { ...input, apiUrl: server.url } : input);
      const failure = await failureOf(handle.result());
      assert.equal(failure.type, 'InvalidInput');
      const [{ problems }] = failure.details as [{ problems: { field: string }[] }];
      assert.deepEqual(
        problems.map((problem) => problem.field),
        [field],
      );
      assert.equal(server.requests.length, 0);
    });
  }
});
