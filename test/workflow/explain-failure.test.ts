import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  RetryState,
  TimeoutFailure,
  TimeoutType,
  ValueError,
} from '@temporalio/common';
import type { CreatedConversation } from '../../activities/interface.js';
import { explainFailure, lostTooOften } from '../../workflows/explain-failure.js';

const created: CreatedConversation = {
  goal: { sid: 'conv', isReplay: false, readyWhen: 'agent-started' },
  readiness: { interval: '2 seconds', maximumAttempts: 60, lookTimeout: '5 seconds', readyWhen: 'agent-started' },
  evidence: {},
};

const { MAXIMUM_ATTEMPTS_REACHED, NON_RETRYABLE_FAILURE, CANCEL_REQUESTED, TIMEOUT } = RetryState;

const notReadyMessage = (seen: string, hint = '') =>
  `conv was not ready after 60 looks, 2 seconds apart: it was last seen ${seen}${hint}`;
const setUpHint = '; a setup script may need more readiness.maximumAttempts';
const notReadyDetails = (lastObservation: string) => [
  { attempts: 60, maximumAttempts: 60, interval: '2 seconds', waitedMs: 118_000, lastObservation },
];

const look = {
  pending: ApplicationFailure.create({
    type: 'NotReadyYet',
    message: 'conv is STARTING (agent loading); look 60 of 60, the last',
    details: [{ attempts: 60, lastObservation: 'STARTING (agent loading)' }],
  }),
  pendingBefore: ApplicationFailure.create({
    type: 'ConversationNotReady',
    message: 'conv is STARTING (agent loading); look 60 of 60, the last',
    details: [{ attempts: 60, lastObservation: 'STARTING (agent loading)' }],
  }),
  failed: ApplicationFailure.nonRetryable('conv failed: no key', 'ConversationFailed', { reason: 'no key' }),
  timedOut: new TimeoutFailure(
    'activity StartToClose timeout',
    { seen: 'RUNNING (agent loading)' },
    TimeoutType.START_TO_CLOSE,
  ),
  killed: new TimeoutFailure('activity Heartbeat timeout', undefined, TimeoutType.HEARTBEAT),
};

const create = {
  unavailable: ApplicationFailure.create({
    type: 'NestedServerUnavailable',
    message: 'POST http://h/api/conversations: connection refused (ECONNREFUSED)',
    details: [{ method: 'POST', url: 'http://h/api/conversations' }],
  }),
  invalid: ApplicationFailure.nonRetryable('sid is empty', 'InvalidInput', {
    problems: [{ field: 'sid', problem: 'is empty' }],
  }),
  timedOut: new TimeoutFailure('activity StartToClose timeout', { watermark: -1 }, TimeoutType.START_TO_CLOSE),
};

/** How an activity ended, and the type, message and details that a caller sees. */
const explained: [what: string, failure: ActivityFailure, type: string, message: string, details: unknown[]][] = [
  [
    'a create that never got through keeps the last failure',
    createFailed(MAXIMUM_ATTEMPTS_REACHED, create.unavailable),
    'NestedServerUnavailable',
    'POST http://h/api/conversations: connection refused (ECONNREFUSED)',
    [{ method: 'POST', url: 'http://h/api/conversations' }],
  ],
  [
    'bad input keeps every problem',
    createFailed(NON_RETRYABLE_FAILURE, create.invalid),
    'InvalidInput',
    'sid is empty',
    [{ problems: [{ field: 'sid', problem: 'is empty' }] }],
  ],
  ...(['ConversationRejected', 'Unauthorized', 'ConversationFailed'] as const).map(
    (type): [string, ActivityFailure, string, string, unknown[]] => [
      `${type} on create is kept`,
      createFailed(NON_RETRYABLE_FAILURE, ApplicationFailure.nonRetryable('said so', type, { status: 403 })),
      type,
      'said so',
      [{ status: 403 }],
    ],
  ),
  [
    'a create that timed out says so',
    createFailed(TIMEOUT, create.timedOut),
    'NestedServerUnavailable',
    'createConversation could not finish: activity StartToClose timeout',
    [{}],
  ],
  [
    'a bug in create also fails the run',
    createFailed(MAXIMUM_ATTEMPTS_REACHED, ApplicationFailure.create({ type: 'TypeError', message: 'x is undefined' })),
    'NestedServerUnavailable',
    'createConversation could not finish: x is undefined',
    [{}],
  ],
  [
    'checks that ran out report the last observation',
    lookFailed(MAXIMUM_ATTEMPTS_REACHED, look.pending),
    'ConversationNotReady',
    notReadyMessage('STARTING (agent loading)', setUpHint),
    notReadyDetails('STARTING (agent loading)'),
  ],
  [
    'checks of an older worker that ran out report the last observation',
    lookFailed(MAXIMUM_ATTEMPTS_REACHED, look.pendingBefore),
    'ConversationNotReady',
    notReadyMessage('STARTING (agent loading)', setUpHint),
    notReadyDetails('STARTING (agent loading)'),
  ],
  [
    'checks that ran out because of a rejected request report it without advice on setup scripts',
    lookFailed(
      MAXIMUM_ATTEMPTS_REACHED,
      ApplicationFailure.create({
        type: 'NotReadyYet',
        details: [{ lastObservation: 'idle, …/run refused with 409' }],
      }),
    ),
    'ConversationNotReady',
    notReadyMessage('idle, …/run refused with 409'),
    notReadyDetails('idle, …/run refused with 409'),
  ],
  [
    'checks that ran out with a timeout report what the previous one recorded',
    lookFailed(MAXIMUM_ATTEMPTS_REACHED, look.timedOut),
    'ConversationNotReady',
    notReadyMessage('RUNNING (agent loading) (the last look timed out)', setUpHint),
    notReadyDetails('RUNNING (agent loading) (the last look timed out)'),
  ],
  [
    'checks that never saw anything say so',
    lookFailed(MAXIMUM_ATTEMPTS_REACHED, look.killed),
    'ConversationNotReady',
    notReadyMessage('not at all (the last look timed out)'),
    notReadyDetails('not at all (the last look timed out)'),
  ],
  [
    'a failure without details reports its message',
    lookFailed(MAXIMUM_ATTEMPTS_REACHED, ApplicationFailure.create({ type: 'WorkerShutdown', message: 'shut down' })),
    'ConversationNotReady',
    notReadyMessage('shut down'),
    notReadyDetails('shut down'),
  ],
  [
    'a failure without a cause is also explained',
    lookFailed(MAXIMUM_ATTEMPTS_REACHED, undefined),
    'ConversationNotReady',
    notReadyMessage('not at all'),
    notReadyDetails('not at all'),
  ],
  [
    'a terminal state found by a check is kept',
    lookFailed(NON_RETRYABLE_FAILURE, look.failed),
    'ConversationFailed',
    'conv failed: no key',
    [{ reason: 'no key' }],
  ],
];

describe('explainFailure', () => {
  for (const [what, failure, type, message, details] of explained) {
    test(`${what}: ${type}`, () => {
      const error = explainFailure(failure, { created, waitedMs: 118_000 });
      assert.ok(error instanceof ApplicationFailure);
      assert.deepEqual(
        { type: error.type, message: error.message, details: error.details },
        { type, message, details },
      );
      assert.equal(error.nonRetryable, true);
      assert.equal(error.cause, undefined);
    });
  }

  const cancelled: [what: string, failure: ActivityFailure][] = [
    ['an activity that was cancelled', lookFailed(CANCEL_REQUESTED, new CancelledFailure('cancelled'))],
    ['a cancellation that arrived as a failure', lookFailed(NON_RETRYABLE_FAILURE, new CancelledFailure('cancelled'))],
    ['a check that failed during a cancellation', lookFailed(CANCEL_REQUESTED, look.pending)],
    ['a check that timed out during a cancellation', lookFailed(CANCEL_REQUESTED, look.timedOut)],
    ['a terminal state found during a cancellation', lookFailed(CANCEL_REQUESTED, look.failed)],
    ['a create that failed during a cancellation', createFailed(CANCEL_REQUESTED, create.unavailable)],
  ];
  for (const [what, failure] of cancelled) {
    test(`${what} ends the run cancelled`, () => {
      assert.ok(explainFailure(failure, { created, waitedMs: 0 }) instanceof CancelledFailure);
    });
  }

  test('blames the replay if the agent is still loading it', () => {
    const replay = { ...created, goal: { ...created.goal, isReplay: true } };
    const error = explainFailure(lookFailed(MAXIMUM_ATTEMPTS_REACHED, look.pending), { created: replay, waitedMs: 0 });
    assert.equal(
      (error as Error).message,
      notReadyMessage(
        'STARTING (agent loading)',
        '; the server may not understand replayJson: was it recorded by a newer version?',
      ),
    );
  });

  test('leaves other errors unchanged', () => {
    for (const error of [new TypeError('a bug'), new CancelledFailure('cancelled'), lostTooOften(created, lost)]) {
      assert.equal(explainFailure(error, { created, waitedMs: 0 }), error);
    }
  });

  test('stays short, even if the last observation is long', () => {
    const lastObservation = `not reachable: GET http://h/${'x'.repeat(1_000)}`;
    const cause = ApplicationFailure.create({ type: 'ConversationNotReady', details: [{ lastObservation }] });
    const error = explainFailure(lookFailed(MAXIMUM_ATTEMPTS_REACHED, cause), { created, waitedMs: 0 });
    assert.ok(error instanceof ApplicationFailure && error.message.length <= 1000, String(error).slice(0, 80));
  });
});

test('an input that the SDK cannot convert fails the run instead of the workflow task', () => {
  const error = explainFailure(new ValueError('Unable to convert'), { created: undefined, waitedMs: 0 });
  assert.ok(error instanceof ApplicationFailure);
  assert.equal(error.type, 'InvalidInput');
  assert.match(error.message, /Unable to convert/);
});

const lost = { ready: false, attempts: 4, seen: 'STOPPED (agent running)', evidence: {} } as const;

test('lostTooOften reports the last state of the conversation', () => {
  const { type, nonRetryable, message, details } = lostTooOften(created, lost);
  const reason = 'it does not settle: after 4 rounds of createConversation it is STOPPED (agent running)';
  assert.deepEqual({ type, nonRetryable }, { type: 'ConversationFailed', nonRetryable: true });
  assert.equal(message, `conv failed: ${reason}`);
  assert.deepEqual(details, [{ reason }]);
});

function createFailed(retryState: RetryState, cause: Error | undefined): ActivityFailure {
  return new ActivityFailure('Activity task failed', 'createConversation', '1', retryState, 'worker', cause);
}

function lookFailed(retryState: RetryState, cause: Error | undefined): ActivityFailure {
  return new ActivityFailure('Activity task failed', 'checkConversationReady', '2', retryState, 'worker', cause);
}
