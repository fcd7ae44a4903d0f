import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import fc from 'fast-check';
import { type FailureType, failureTypes } from '../../contract/failures.js';
import type { CreateNestedConversationInput, CreateNestedConversationResult } from '../../contract/input.js';
import { defaultTaskQueue, workflowIdOf, workflowType } from '../../contract/names.js';
import { inputFor } from '../harness/start.js';
import { startTimeSkipping, type Temporal } from '../harness/temporal.js';
import { OpenHandsStandIn } from '../nested-server/openhands-stand-in.js';
import {
  anySchedule,
  type Course,
  longestScript,
  meetsSilence,
  type Schedule,
  stage,
  text,
  timesInStream,
} from './random-schedule.js';

/**
 * Whatever goes wrong, a start ends either truly ready or failed with a reason, and its message arrives once.
 *
 * `RANDOM_FAULTS_RUNS` sets how many schedules are tried; `RANDOM_FAULTS_SEED`, and `RANDOM_FAULTS_PATH` with it, repeat
 * what a failure has printed.
 */
const { RANDOM_FAULTS_RUNS = '1000', RANDOM_FAULTS_SEED, RANDOM_FAULTS_PATH } = process.env;
const seed = Number(RANDOM_FAULTS_SEED ?? randomInt(2 ** 31));

const maximumAttempts = 20;

/** In workflow time. All attempts of all creates and looks take a sixth of it. */
const executionTimeout = '1 hour';

/** In real time: only a run that hangs takes this long. */
const hangsAfterMs = 60_000;

let temporal: Temporal;

before(async () => {
  temporal = await startTimeSkipping();
});
after(() => temporal.stop());

test(`a start ends truly ready or with a typed failure, and its message arrives once (seed ${seed})`, async (t) => {
  const ends = new Map<string, number>();
  const holds = fc.asyncProperty(anySchedule(), async (schedule) => {
    const end = await play(schedule);
    ends.set(end, (ends.get(end) ?? 0) + 1);
  });
  await fc.assert(holds, {
    numRuns: Number(RANDOM_FAULTS_RUNS),
    seed,
    ...(RANDOM_FAULTS_PATH && { path: RANDOM_FAULTS_PATH }),
    timeout: hangsAfterMs,
    includeErrorInReport: true,
  });
  t.diagnostic([...ends].map(([end, times]) => `${end}: ${times}`).join(', '));
});

type Outcome = { result: CreateNestedConversationResult } | { error: unknown };

/** Plays a schedule, checks what it came to against what the server holds, and names it. */
async function play(schedule: Schedule): Promise<string> {
  const server = await OpenHandsStandIn.listen();
  try {
    const input = inputOf(schedule, server.url);
    const course = stage(server, input.sid, schedule);
    const outcome = await runToEnd(input);
    try {
      return check(server, input.sid, schedule, course, outcome);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${protocol(server, input.sid, outcome)}`, { cause: error });
    }
  } finally {
    await server.close();
  }
}

function inputOf(schedule: Schedule, apiUrl: string): CreateNestedConversationInput & { sid: string } {
  // A deadline that is met in real time has to be short; where none is met, a busy machine must not meet it either.
  const deadline = meetsSilence(schedule) ? '150 milliseconds' : '1 minute';
  const replay = [
    { source: 'user', action: 'message', args: { content: text } },
    { source: 'agent', action: 'message', args: { content: 'Done.', wait_for_response: true } },
  ];
  return inputFor(apiUrl, {
    initialUserMsg: schedule.message === 'initial' ? { content: text } : null,
    replayJson: schedule.message === 'replay' ? JSON.stringify(replay) : null,
    client: { timeout: deadline },
    readiness: { maximumAttempts, lookTimeout: deadline },
  });
}

function runToEnd(input: CreateNestedConversationInput): Promise<Outcome> {
  return temporal.env.client.workflow
    .execute(workflowType, {
      taskQueue: defaultTaskQueue,
      workflowId: workflowIdOf(randomUUID()),
      workflowExecutionTimeout: executionTimeout,
      args: [input],
    })
    .then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
}

/** The invariants, against the server's own truth. */
function check(
  server: OpenHandsStandIn,
  sid: string,
  schedule: Schedule,
  course: Course,
  outcome: Outcome,
): 'ready' | FailureType {
  const arrived = timesInStream(server, sid) - course.inheritedMessages;
  assert(arrived <= 1, `the message is in the stream ${arrived} times`);
  if ('error' in outcome) {
    const type = typeOf(outcome.error);
    if (type === 'ConversationNotReady') assertNotToBeReady(server, sid, schedule, course);
    return type;
  }
  assertReady(server, sid, outcome.result);
  if (schedule.message !== 'none') assert.equal(arrived, 1, 'it is ready, but the message is not in the stream');
  if (schedule.message === 'initial') assertHeardOnce(server, sid, schedule, course);
  return 'ready';
}

function typeOf(error: unknown): FailureType {
  assert(error instanceof WorkflowFailedError, String(error));
  const { cause } = error;
  assert(cause instanceof ApplicationFailure, `it ended with ${cause}`);
  const { type, message, details } = cause;
  assert(type && type in failureTypes, `it failed with type ${type}`);
  assert(message.length > 0 && message.length <= 1000, `its failure's message has ${message.length} characters`);
  assert(typeof details?.[0] === 'object' && details[0] !== null, 'its failure has no details');
  return type as FailureType;
}

/** Looks run out for a reason: the agent never starts, or trouble went on to the end. */
function assertNotToBeReady(server: OpenHandsStandIn, sid: string, { script }: Schedule, course: Course): void {
  const starts = script.agent === 'answers' || script.agent === 'runs';
  if (!starts || !server.has(sid) || server.conversation(sid).hasBrokenMetadata) return;
  const calm = server.requests.slice(course.troubledRequests).filter(({ path }) => path.includes('/events?')).length;
  assert(calm <= longestScript, `it is not ready, after ${calm} looks at a server that is fine`);
}

function assertReady(server: OpenHandsStandIn, sid: string, result: CreateNestedConversationResult): void {
  assert(server.has(sid), 'it is ready, but the server does not have it');
  const { isLive, agentState } = server.conversation(sid);
  // Where the status can't be read, the events are all that a look has to go by.
  if (result.status === 'RUNNING') assert(isLive, 'it is ready, but no loop runs');
  assert(agentState !== 'loading' && agentState !== 'error', `it is ready, but its agent is in ${agentState}`);
  assert.equal(result.conversationId, sid);
  assert(result.attempts >= 1 && result.attempts <= maximumAttempts, `it took ${result.attempts} looks`);
}

/** An agent that is at work on something else hears the message later. */
function assertHeardOnce(server: OpenHandsStandIn, sid: string, { script }: Schedule, course: Course): void {
  const conversation = server.conversation(sid);
  if (!conversation.isLive || script.agent === 'errors') return;
  for (let look = 0; look < longestScript; look++) conversation.look();
  const heard = conversation.messagesSeenByModel.filter((message) => message === text).length;
  const times = heard - course.inheritedMessages;
  assert.equal(times, 1, `it is ready, but the model hears the message ${times} times`);
}

/** What happened, for whoever has to find out why. */
function protocol(server: OpenHandsStandIn, sid: string, outcome: Outcome): string {
  const end = 'result' in outcome ? JSON.stringify(outcome.result) : ((outcome.error as Error).cause ?? outcome.error);
  const requests = server.requests.map(({ method, path, body }) =>
    [method, path.replace(sid, 'SID'), body && JSON.stringify(body)].filter(Boolean).join(' '),
  );
  const events = server.has(sid) ? server.conversation(sid).events : [];
  const stream = events.map(({ id, source, action, observation, args, extras, cause }) =>
    JSON.stringify({ id, source, action, observation, ...args, ...extras, cause }).slice(0, 150),
  );
  return [`End: ${end}`, 'Requests:', ...requests, 'Stream:', ...stream].join('\n');
}
