import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Info } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { createActivities } from '../../activities/activities.js';
import type { CheckConversationReadyInput, ConversationLook } from '../../activities/interface.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { inputFor } from '../../dev-stack/input-for.js';
import type { OpenHandsScript } from '../../dev-stack/stand-ins/openhands-conversation.js';
import type { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { failureOf } from '../harness/failure-of.js';
import { ActivityEnvironment, listen } from './activity-environment.js';

const { checkConversationReady, createConversation } = createActivities();

/** The input of a readiness check of a conversation that was created. */
async function created(
  server: OpenHandsStandIn,
  script: OpenHandsScript = {},
  fields: Partial<CreateNestedConversationInput> = {},
): Promise<CheckConversationReadyInput> {
  const input = inputFor(server.url, { sid: 'conv', ...fields });
  server.script(input.sid, script);
  const result = await new ActivityEnvironment().run(createConversation, { input });
  const { server: dialect, apiUrl, client } = input;
  return { ...result, server: dialect, apiUrl, client };
}

function look(input: CheckConversationReadyInput, info: Partial<Info> = {}): Promise<ConversationLook> {
  return new ActivityEnvironment(info).run(checkConversationReady, input);
}

test('a check puts no secret in its failure or in its heartbeat', async (t) => {
  const server = await listen(t);
  const input = await created(server, {}, { client: { sessionApiKey: 'session-key-4711' } });
  const body = 'no room for session-key-4711';
  server.inject({ path: /\/events/, fault: { kind: 'answer', status: 503, body } });
  const environment = new ActivityEnvironment();
  const { message } = await failureOf(environment.run(checkConversationReady, input));
  assert.match(message, /no room for \*\*\*/);
  const { seen } = environment.heartbeats.at(-1) as { seen: string };
  assert.match(seen, /no room for \*\*\*/);
});

describe('a check finds a conversation ready', () => {
  test('whose agent has started', async (t) => {
    const input = await created(await listen(t));
    assert.deepEqual(await look(input), { ready: true, status: 'RUNNING', attempts: 1 });
  });

  test('and counts the checks, including those of an earlier activity', async (t) => {
    const input = await created(await listen(t));
    const result = await look({ ...input, attemptsBefore: 4 }, { attempt: 3 });
    assert.deepEqual(result, { ready: true, status: 'RUNNING', attempts: 7 });
  });

  for (const brokenStatus of ['error', 'cut'] as const) {
    test(`whose events are fine, even if its status can't be read (${brokenStatus})`, async (t) => {
      const input = await created(await listen(t, { brokenStatus }));
      assert.deepEqual(await look(input), { ready: true, status: 'awaiting_user_input', attempts: 1 });
    });
  }

  test("whose loop was already alive, even if its status can't be read", async (t) => {
    const server = await listen(t, { brokenStatus: 'error' });
    server.createConversation('conv', { initial_user_msg: 'An old message' });
    const input = await created(server);
    assert.equal((await look(input)).ready, true);
    assert.deepEqual(server.conversation('conv').messagesSeenByModel, ['An old message', 'Fix the build']);
  });

  test('that only accepts events, if that is enough', async (t) => {
    const readiness = { readyWhen: 'accepting-events' } as const;
    const input = await created(await listen(t), { agent: 'dead' }, { readiness, initialUserMsg: null });
    assert.deepEqual(await look(input), { ready: true, status: 'RUNNING', attempts: 1 });
  });

  test('and sends only GET requests', async (t) => {
    const server = await listen(t, { sessionApiKey: 'k3y' });
    const input = await created(server, {}, { client: { sessionApiKey: 'k3y' } });
    const before = server.requests.length;
    await look(input);
    const requests = server.requests.slice(before);
    assert.notEqual(requests.length, 0);
    assert.deepEqual(new Set(requests.map(({ method }) => method)), new Set(['GET']));
    assert.deepEqual(new Set(requests.map(({ headers }) => headers['x-session-api-key'])), new Set(['k3y']));
  });

  test('after a stream of thousands of events, read across several checks', async (t) => {
    const server = await listen(t);
    const input = await created(server, { loadingLooks: 2 });
    const conversation = server.conversation('conv');
    conversation.appendMany(2_500);
    let heartbeatDetails: unknown;
    for (const seen of [/reading its events, at 1000;/, /reading its events, at 2000;/]) {
      const environment = new ActivityEnvironment({ heartbeatDetails });
      assert.match((await failureOf(environment.run(checkConversationReady, input))).message, seen);
      heartbeatDetails = environment.heartbeats.at(-1);
    }
    assert.deepEqual(await look(input, { heartbeatDetails }), { ready: true, status: 'RUNNING', attempts: 1 });
  });

  test('after a stream that takes longer than one check', async (t) => {
    const server = await listen(t);
    const input = await created(server, { loadingLooks: 2 });
    const { cursor } = input.evidence.state as { cursor: number };
    server.conversation('conv').appendMany(200);
    // Each page takes a third of the check's five seconds.
    let spentMs = 0;
    const now = performance.now.bind(performance);
    t.mock.method(performance, 'now', () => now() + spentMs);
    server.inject({ path: /events/, times: 99, before: () => (spentMs += 1_700) });
    const environment = new ActivityEnvironment();
    const { message } = await failureOf(environment.run(checkConversationReady, input));
    assert.match(message, new RegExp(`, reading its events, at ${cursor + 100}; look 1 of 60`));
    const { evidence } = environment.heartbeats.at(-1) as { evidence: typeof input.evidence };
    assert.equal((evidence.state as { cursor: number }).cursor, cursor + 100);
  });
});

describe('a check that finds a conversation not ready', () => {
  test('fails as expected, with what it saw and its number', async (t) => {
    const input = await created(await listen(t), { loadingLooks: 99 });
    const { type, category, nonRetryable, nextRetryDelay, message, details } = await failureOf(
      look(input, { attempt: 3, scheduledTimestampMs: 1_000, currentAttemptScheduledTimestampMs: 5_000 }),
    );
    assert.equal(message, 'conv is STARTING (agent loading); look 3 of 60, next in 2 seconds');
    assert.deepEqual(
      { type, category, nonRetryable, nextRetryDelay },
      {
        type: 'NotReadyYet',
        category: ApplicationFailureCategory.BENIGN,
        nonRetryable: false,
        nextRetryDelay: undefined,
      },
    );
    const lastObservation = 'STARTING (agent loading)';
    const numbers = { attempts: 3, maximumAttempts: 60, interval: '2 seconds', waitedMs: 4_000 };
    assert.deepEqual(details, [{ ...numbers, lastObservation }]);
  });

  test('says so if it is the last', async (t) => {
    const readiness = { interval: '5 seconds', maximumAttempts: 7 } as const;
    const input = await created(await listen(t), { loadingLooks: 99 }, { readiness });
    const { message } = await failureOf(look({ ...input, attemptsBefore: 4 }, { attempt: 3 }));
    assert.equal(message, 'conv is STARTING (agent loading); look 7 of 7, the last');
  });

  test('records what it saw in its heartbeat, in case the last check times out', async (t) => {
    const input = await created(await listen(t), { loadingLooks: 99 });
    const environment = new ActivityEnvironment();
    await failureOf(environment.run(checkConversationReady, input));
    assert.equal((environment.heartbeats.at(-1) as { seen: string }).seen, 'STARTING (agent loading)');
  });

  test('keeps the previous record while it is under way', async (t) => {
    const server = await listen(t);
    const input = await created(server);
    const held = server.inject({ path: /events/, fault: { kind: 'delay-until' } });
    const heartbeatDetails = { evidence: input.evidence, seen: 'STARTING (agent loading)' };
    const environment = new ActivityEnvironment({ heartbeatDetails });
    const outcome = environment.run(checkConversationReady, input);
    assert.deepEqual(await environment.nextHeartbeat(), heartbeatDetails);
    held.release();
    await outcome;
  });

  test('sends no heartbeat if it saw what the previous check saw', async (t) => {
    // Fake timers: the test must not depend on the speed of this machine.
    t.mock.timers.enable({ apis: ['setInterval'] });
    const input = await created(await listen(t), { loadingLooks: 99 });
    const first = new ActivityEnvironment();
    await failureOf(first.run(checkConversationReady, input));
    const [heartbeatDetails, ...more] = first.heartbeats;
    assert.deepEqual(more, []);
    const second = new ActivityEnvironment({ heartbeatDetails });
    await failureOf(second.run(checkConversationReady, input));
    assert.deepEqual(second.heartbeats, []);
  });

  const pending: [what: string, script: OpenHandsScript, seen: string][] = [
    ['a dead conversation with the status RUNNING', { agent: 'dead' }, 'RUNNING (agent loading)'],
    ['a slow setup script', { loadingLooks: 99, statusWhileLoading: 'RUNNING' }, 'RUNNING (agent loading)'],
    ['a conversation that is not there yet', { absentLooks: 99 }, 'absent (agent not started)'],
    ['a loop without a single event', { unstartedLooks: 99, loadingLooks: 100 }, 'STARTING (agent not started)'],
  ];
  for (const [what, script, seen] of pending) {
    test(`waits for ${what}`, async (t) => {
      const input = await created(await listen(t), script);
      const { type, message } = await failureOf(look(input));
      assert.equal(type, 'NotReadyYet');
      assert.equal(message, `conv is ${seen}; look 1 of 60, next in 2 seconds`);
    });
  }
});

describe('a check that cannot get through', () => {
  test('is retried and says why it failed', async (t) => {
    const server = await listen(t);
    const input = await created(server);
    await server.down();
    const { type, nonRetryable, category, message, details } = await failureOf(look(input, { attempt: 2 }));
    assert.deepEqual({ type, nonRetryable }, { type: 'NotReadyYet', nonRetryable: false });
    assert.notEqual(category, ApplicationFailureCategory.BENIGN);
    assert.match(
      message,
      /^conv is not reachable: GET http:.*: connection refused \(ECONNREFUSED\); look 2 of 60, next/,
    );
    assert.match((details as [{ lastObservation: string }])[0].lastObservation, /^not reachable: GET http/);
  });

  for (const status of [200, 404, 429, 500, 502]) {
    test(`because of an HTML page with ${status} is retried at the interval of the input`, async (t) => {
      const server = await listen(t);
      const input = await created(server);
      const headers = { 'content-type': 'text/html', 'retry-after': '9' };
      server.inject({ path: /events/, fault: { kind: 'answer', status, headers, body: '<h1>nginx</h1>' } });
      const { type, message, nextRetryDelay } = await failureOf(look(input));
      assert.equal(type, 'NotReadyYet');
      assert.match(
        message,
        new RegExp(`answered ${status} with a body that is not the API's .*; look 1 of 60, next in`),
      );
      assert.equal(nextRetryDelay, undefined);
    });
  }

  test('ends at its own deadline, even if the answer keeps dripping', async (t) => {
    const server = await listen(t);
    const readiness = { lookTimeout: '1 second' } as const;
    const input = await created(server, {}, { readiness });
    server.inject({ path: /events/, fault: { kind: 'drip', everyMs: 60 } });
    const { type, message } = await failureOf(look(input));
    assert.equal(type, 'NotReadyYet');
    assert.match(message, /no answer within 1000 ms; look 1 of 60/);
  });
});

describe('a check fails the start for good', () => {
  test("if the agent is in error, with the server's reason", async (t) => {
    const errorReason = 'STATUS$ERROR_LLM_OUT_OF_CREDITS';
    const input = await created(await listen(t), { agent: 'error-on-load', loadingLooks: 2, errorReason });
    const { type, nonRetryable, message, details } = await failureOf(look(input));
    assert.deepEqual({ type, nonRetryable }, { type: 'ConversationFailed', nonRetryable: true });
    assert.equal(message, `conv failed: ${errorReason}`);
    assert.deepEqual(details, [{ reason: errorReason }]);
  });

  for (const status of ['ERROR', 'ARCHIVED']) {
    test(`if the status is ${status}`, async (t) => {
      const server = await listen(t);
      const input = await created(server);
      server.script('conv', { status });
      const { type, message } = await failureOf(look(input));
      assert.equal(type, 'ConversationFailed');
      assert.match(message, new RegExp(`^conv failed: ${status}`));
    });
  }

  test('if the session key is rejected', async (t) => {
    const server = await listen(t, { sessionApiKey: 'old-key' });
    const input = await created(server, {}, { client: { sessionApiKey: 'old-key' } });
    server.options.sessionApiKey = 'new-key';
    const { type, nonRetryable, message } = await failureOf(look(input));
    assert.deepEqual({ type, nonRetryable }, { type: 'Unauthorized', nonRetryable: true });
    assert.match(message, /^GET http:.* answered 401, check client.sessionApiKey: \(Unauthorized\)$/);
  });
});

describe('a check returns to createConversation', () => {
  const lost: [what: string, lose: (server: OpenHandsStandIn) => void, seen: string][] = [
    ['the server restarted', (server) => server.restart(), 'STOPPED (agent gone)'],
    ['the conversation was evicted', (server) => server.evict('conv'), 'STOPPED (agent gone)'],
  ];
  for (const [what, lose, seen] of lost) {
    test(`if ${what} after the create`, async (t) => {
      const server = await listen(t);
      const input = await created(server);
      lose(server);
      const result = await look(input, { attempt: 2 });
      assert.deepEqual({ ...result, evidence: undefined }, { ready: false, attempts: 2, seen, evidence: undefined });
    });
  }

  test('if an evicted conversation has an unreadable status', async (t) => {
    const server = await listen(t, { brokenStatus: 'error' });
    const input = await created(server);
    server.evict('conv');
    assert.equal((await look(input)).ready, false);
  });
});
