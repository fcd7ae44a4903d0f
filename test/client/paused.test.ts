import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeStatus } from '../../cli/describe-status.js';
import { statusScreen } from '../../cli/status-screen.js';
import type { ConversationStatus } from '../../client/conversation-status.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { forFile, standInForFile } from '../harness/fixtures.js';
import { startDevServer } from '../harness/temporal.js';

/** Runs and steps that a person has paused in Temporal. */

const temporal = await forFile(startDevServer({ dynamicConfig: ['frontend.WorkflowPauseEnabled=true'] }));
const server = await standInForFile();
const conversations = new NestedConversations(temporal.env.client, { onHint: () => undefined });
const { workflowService } = temporal.env.client;
const { namespace } = temporal;
const by = { identity: 'ada@laptop', reason: 'maintenance' };

/** Waits for a conversation. `seen` resolves with the first status that matches. */
function waitFor(sid: string, matches: (status: ConversationStatus) => boolean) {
  let see: (status: ConversationStatus) => void = () => undefined;
  const seen = new Promise<ConversationStatus>((resolve) => {
    see = resolve;
  });
  const ready = conversations.wait(sid, { onProgress: (status) => matches(status) && see(status) });
  return { ready, seen: Promise.race([seen, ready.then(() => assert.fail('It ended before'))]) };
}

test('a wait for a paused run goes on, and its status says who paused it', async () => {
  const post = server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'delay-until' } });
  const input = inputFor(server.url);
  const { workflowId, runId } = await conversations.start(input);
  await post.reached;
  await workflowService.pauseWorkflowExecution({ namespace, workflowId, runId, ...by });
  const { ready, seen } = waitFor(input.sid, ({ paused }) => paused !== undefined);
  const status = await seen;
  const { paused } = status;
  assert.deepEqual([paused?.by, paused?.reason], [by.identity, by.reason]);
  assert.ok(paused?.since instanceof Date);
  for (const shown of [describeStatus(status), statusScreen(status, undefined)]) {
    assert.match(shown, /paused in Temporal by ada@laptop: maintenance/);
  }
  post.release();
  await workflowService.unpauseWorkflowExecution({ namespace, workflowId, runId, ...by });
  assert.equal((await ready).status, 'RUNNING');
  assert.equal((await conversations.status(input.sid)).paused, undefined);
});

test('a paused run is listed as running', async () => {
  const input = inputFor(server.url);
  const unattended = new NestedConversations(temporal.env.client, { taskQueue: 'nobody', onHint: () => undefined });
  const { workflowId, runId } = await unattended.start(input);
  await workflowService.pauseWorkflowExecution({ namespace, workflowId, runId, ...by });
  const isListed = async (filter: Parameters<typeof conversations.list>[0]) => {
    for await (const { sid } of conversations.list(filter)) if (sid === input.sid) return true;
    return false;
  };
  // The visibility store lags behind.
  for (let tries = 0; !(await isListed({ phase: 'running' })); tries++) {
    assert.ok(tries < 200, 'the paused run is not listed as running');
    await sleep(50);
  }
  assert.equal(await isListed({}), true);
  assert.equal(await isListed({ phase: 'ready' }), false);
  await temporal.env.client.workflow.getHandle(workflowId).terminate();
});

test('the status of a wait says who paused the step', async () => {
  const input = inputFor(server.url, { readiness: { interval: '1 second' } });
  server.script(input.sid, { agent: 'dead' });
  const { workflowId, runId } = await conversations.start(input);
  await server.received(`GET /api/conversations/${input.sid}`, 2);
  const execution = { workflowId, runId };
  await workflowService.pauseActivity({ namespace, execution, type: 'checkConversationReady', ...by });
  const { ready, seen } = waitFor(input.sid, ({ paused }) => paused !== undefined);
  const { paused, phase } = await seen;
  assert.deepEqual([phase, paused?.by, paused?.reason], ['checking', by.identity, by.reason]);
  await conversations.cancel(input.sid);
  await assert.rejects(ready, { name: 'ConversationAbortedError' });
});
