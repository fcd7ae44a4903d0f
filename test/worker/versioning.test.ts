import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { isGrpcServiceError } from '@temporalio/client';
import { NestedConversations } from '../../client/nested-conversations.js';
import { workflowIdOf } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import type { RunningProgram } from '../../dev-stack/programs.js';
import { runCommand } from '../../dev-stack/run-command.js';
import { findTemporalCli } from '../../dev-stack/temporal-binaries.js';
import { forFile, standInForFile, startWorkerFor } from '../harness/fixtures.js';
import { startDevServer } from '../harness/temporal.js';

/** Each test has its own. The task queue's name is the same. */
let deploymentName: string;
let conversations: NestedConversations;

const temporal = await forFile(startDevServer());
const server = await standInForFile();
beforeEach(() => {
  deploymentName = `versioning-${randomUUID()}`;
  conversations = new NestedConversations(temporal.env.client, { taskQueue: deploymentName });
});

const startWorker = (t: TestContext, env: Readonly<Record<string, string>>) =>
  startWorkerFor(t, { env: { ...temporal.variables, TEMPORAL_TASK_QUEUE: deploymentName, ...env } });

/** Resolves once Temporal knows the version: its worker polls for workflows and for activities. */
async function startVersion(t: TestContext, buildId: string): Promise<RunningProgram> {
  const worker = startWorker(t, { TEMPORAL_DEPLOYMENT_NAME: deploymentName, TEMPORAL_WORKER_BUILD_ID: buildId });
  const request = { namespace: temporal.namespace, deploymentVersion: { deploymentName, buildId } };
  for (;;) {
    try {
      const known = await temporal.env.client.workflowService.describeWorkerDeploymentVersion(request);
      if (known.versionTaskQueues.length === 2) return worker;
    } catch (error) {
      if (!isGrpcServiceError(error)) throw error;
    }
    await setTimeout(50);
  }
}

function currentVersionCommand(buildId: string): string {
  return `worker deployment set-current-version --namespace ${temporal.namespace} --deployment-name ${deploymentName} --build-id ${buildId}`;
}

async function setCurrentVersion(buildId: string): Promise<void> {
  const path = await findTemporalCli(console.error);
  const args = [...currentVersionCommand(buildId).split(' '), '--yes', '--address', temporal.env.address];
  await runCommand(path, args);
}

/** The build ids of the workers that ran a start's workflow and its activities. */
async function buildIdsOf(sid: string): Promise<Set<string>> {
  const { events } = await temporal.env.client.workflow.getHandle(workflowIdOf(sid)).fetchHistory();
  const versions = (events ?? []).flatMap(
    ({ workflowTaskCompletedEventAttributes: workflow, activityTaskStartedEventAttributes: activity }) =>
      workflow?.workerVersion ?? activity?.workerVersion ?? [],
  );
  return new Set(versions.map(({ buildId }) => buildId ?? ''));
}

describe('a versioned worker', () => {
  test('completes the starts of its version while new ones run on the next', async (t) => {
    await startVersion(t, 'v1');
    await setCurrentVersion('v1');
    const old = inputFor(server.url, { readiness: { interval: '1 second', lookTimeout: '1 minute' } });
    server.script(old.sid, { loadingLooks: 5 });
    const events = `/api/conversations/${old.sid}/events`;
    const look = server.inject({ path: events, after: 2, fault: { kind: 'delay-until' } });
    await conversations.start(old);
    await look.reached;

    const v2 = await startVersion(t, 'v2');
    await setCurrentVersion('v2');
    const next = inputFor(server.url);
    await conversations.ensureReady(next);
    look.release();
    const { attempts } = await conversations.ensureReady(old);

    assert.ok(attempts > 1, 'it must check again after the change');
    assert.deepEqual(await buildIdsOf(old.sid), new Set(['v1']));
    assert.deepEqual(await buildIdsOf(next.sid), new Set(['v2']));
    v2.kill('SIGTERM');
    assert.doesNotMatch((await v2.ended).stderr, /is current/, 'there must be a current version when it starts');
  });

  test('says how to make its version current if none is, after which waiting starts continue', async (t) => {
    const input = inputFor(server.url);
    await conversations.start(input);
    const worker = await startVersion(t, 'v1');
    await worker.reported(
      `is current, so it gets no new conversations until one is: temporal ${currentVersionCommand('v1')}"`,
    );
    assert.equal((await conversations.status(input.sid)).phase, 'queued');
    await setCurrentVersion('v1');
    await conversations.ensureReady(input);
    assert.deepEqual(await buildIdsOf(input.sid), new Set(['v1']));
  });
});

test('a worker without the two variables is not versioned', async (t) => {
  startWorker(t, {});
  const input = inputFor(server.url);
  await conversations.ensureReady(input);
  const { raw } = await temporal.env.client.workflow.getHandle(workflowIdOf(input.sid)).describe();
  assert.equal(raw.workflowExecutionInfo?.versioningInfo, null);
});
