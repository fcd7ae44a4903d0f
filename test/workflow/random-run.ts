import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import fc from 'fast-check';
import { type FailureType, failureTypes } from '../../contract/failures.js';
import type { CreateNestedConversationInput, CreateNestedConversationResult } from '../../contract/input.js';
import { defaultTaskQueue, workflowIdOf, workflowType } from '../../contract/names.js';
import type { StandInServer } from '../../dev-stack/stand-ins/stand-in-server.js';
import type { Temporal } from '../harness/temporal.js';

/**
 * `RANDOM_FAULTS_RUNS` sets how many schedules of each dialect are tried. By default, as many as fit into
 * `RANDOM_FAULTS_SECONDS`. `RANDOM_FAULTS_SEED`, optionally with `RANDOM_FAULTS_PATH`, repeats a printed failure.
 */
const { RANDOM_FAULTS_RUNS, RANDOM_FAULTS_SECONDS = '20', RANDOM_FAULTS_SEED, RANDOM_FAULTS_PATH } = process.env;

/** The seed of this process's first schedules. */
export const seed = Number(RANDOM_FAULTS_SEED ?? randomInt(2 ** 30));

/** Schedules per seed when the time limits their number. */
const batch = 20;

export const maximumAttempts = 45;

/** In workflow time. All attempts of all creates and looks take a sixth of it. */
const executionTimeout = '2 hours';

/** In real time. Only a run that hangs takes this long. */
const hangsAfterMs = 60_000;

/** How a start ended. */
export type End = { ready: CreateNestedConversationResult } | { failed: FailureType; message: string };

/** A start on a stand-in to which a schedule happens. */
export interface Scene {
  readonly server: StandInServer;
  readonly input: CreateNestedConversationInput & { sid: string };
  /** Throws if the outcome contradicts the server's own state. */
  check(end: End): void;
  /** The conversation's events, one per line, for debugging. */
  stream(): string[];
}

/** Tries schedules, and counts their outcomes. */
export async function trySchedules<Schedule>(
  t: TestContext,
  temporal: Temporal,
  schedules: fc.Arbitrary<Schedule>,
  stage: (schedule: Schedule) => Promise<Scene>,
): Promise<void> {
  const ends = new Map<string, number>();
  const holds = fc.asyncProperty(schedules, async (schedule) => {
    const end = await play(temporal, await stage(schedule));
    ends.set(end, (ends.get(end) ?? 0) + 1);
  });
  const assertHolds = (from: number, numRuns: number) =>
    fc.assert(holds, {
      numRuns,
      seed: from,
      ...(RANDOM_FAULTS_PATH && { path: RANDOM_FAULTS_PATH }),
      timeout: hangsAfterMs,
      includeErrorInReport: true,
    });
  if (RANDOM_FAULTS_RUNS || RANDOM_FAULTS_PATH) {
    await assertHolds(seed, Number(RANDOM_FAULTS_RUNS ?? 1));
  } else {
    const end = Date.now() + Number(RANDOM_FAULTS_SECONDS) * 1000;
    for (let from = seed; Date.now() < end; from += 1) await assertHolds(from, batch);
  }
  const tried = [...ends.values()].reduce((sum, times) => sum + times, 0);
  t.diagnostic(`${tried} schedules: ${[...ends].map(([end, times]) => `${end} ${times}`).join(', ')}`);
}

/** Plays a schedule, checks its outcome, and names it. */
async function play(temporal: Temporal, scene: Scene): Promise<string> {
  try {
    const end = await runToEnd(temporal, scene.input).catch((error: unknown) => {
      throw new Error(`it ended in a way that the contract does not have: ${error}`, { cause: error });
    });
    try {
      scene.check(end);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${protocol(scene, end)}`, { cause: error });
    }
    return 'ready' in end ? 'ready' : end.failed;
  } finally {
    await scene.server.close();
  }
}

async function runToEnd(temporal: Temporal, input: CreateNestedConversationInput): Promise<End> {
  const outcome = temporal.env.client.workflow.execute(workflowType, {
    taskQueue: defaultTaskQueue,
    workflowId: workflowIdOf(randomUUID()),
    workflowExecutionTimeout: executionTimeout,
    args: [input],
  });
  return outcome.then((ready: CreateNestedConversationResult) => ({ ready }), failedEnd);
}

/** A failure of the contract: typed, with a bounded reason, and with details. */
function failedEnd(error: unknown): End {
  assert(error instanceof WorkflowFailedError, String(error));
  const { cause } = error;
  assert(cause instanceof ApplicationFailure, `it ended with ${cause}`);
  const { type, message, details } = cause;
  assert(type && type in failureTypes, `it failed with type ${type}`);
  const bytes = Buffer.byteLength(message);
  assert(bytes > 0 && bytes <= 1024, `its failure's message has ${bytes} bytes`);
  assert(typeof details?.[0] === 'object' && details[0] !== null, 'its failure has no details');
  return { failed: type as FailureType, message };
}

/** What happened, for debugging. */
function protocol({ server, input, stream }: Scene, end: End): string {
  const requests = server.requests.map(({ method, path, body }) =>
    [method, path.replaceAll(input.sid, 'SID'), body && JSON.stringify(body)].filter(Boolean).join(' ').slice(0, 250),
  );
  const shown = requests.length > 60 ? [...requests.slice(0, 50), '…', ...requests.slice(-10)] : requests;
  return [`End: ${JSON.stringify(end)}`, 'Requests:', ...shown, 'Stream:', ...stream()].join('\n');
}
