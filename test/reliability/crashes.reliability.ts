import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { workflowIdOf } from '../../contract/names.js';
import { recordedActivities } from '../harness/history.js';
import { TablePlace } from '../harness/table.js';
import { type Disaster, disasters } from './disasters.js';
import { type Moment, moments } from './moments.js';
import { type HeldStart, Scene } from './scene.js';

/** How the start that was caught at each moment ended. */
const ends = new Map<Disaster, string[]>();

// Most of a test's time is spent waiting for Temporal's timeouts.
describe('a start at any moment ends ready with one conversation and one message when', { concurrency: 3 }, () => {
  for (const disaster of disasters) {
    test(disaster.name, async (t) => {
      const scene = await Scene.set(t);
      const worker = await scene.startWorker();
      for (const moment of moments) await scene.catchAt(moment);

      await disaster.strike(scene, worker);
      scene.line.release();
      for (const { letGo } of scene.starts.values()) letGo();

      const row: string[] = [];
      for (const [moment, start] of scene.starts) row.push(await endOf(scene, moment, start, disaster));
      ends.set(disaster, row);
    });
  }

  after(async () => {
    if (ends.size < disasters.length) return;
    const rows = disasters.map((disaster) => [disaster.name, ...(ends.get(disaster) ?? []), `${disaster.costs.looks}`]);
    await new TablePlace('reliability.md', 'npm run test:reliability').write([
      ['when', ...moments.map(({ name }) => name), 'extra checks, at most'],
      ...rows,
    ]);
  });
});

/** Waits for the start's end, checks it against Temporal and the nested server, and returns what it took. */
async function endOf(scene: Scene, moment: Moment, start: HeldStart, { costs }: Disaster): Promise<string> {
  const { input, server, before } = start;
  assert.equal(before.phase, moment.phase, `it must be caught ${moment.name}`);

  const { attempts, conversationId, status } = await scene.conversations.ensureReady(input);
  assert.deepEqual([conversationId, status], [input.sid, 'RUNNING'], moment.name);
  const handle = scene.client.workflow.getHandle(workflowIdOf(input.sid));
  assert.equal((await handle.describe()).runId, before.runId, `it must be the same run, caught ${moment.name}`);

  const creates = assertCreatedOnce(start);
  assert.deepEqual(server.conversation(input.sid).modelCalls, [['Fix the build']], moment.name);

  // A lost look costs one attempt and its timeout. The next look comes one interval later.
  const looks = (await recordedActivities(handle)).filter(({ type }) => type === 'checkConversationReady');
  for (const { startToCloseTimeoutMs, retryPolicy } of looks) {
    assert.deepEqual([startToCloseTimeoutMs, retryPolicy.intervalMs], [25_000, 10_000]);
  }
  const looksBefore = before.phase === 'checking' ? (before.attempts ?? 0) : 0;
  const cost = { looks: attempts - looksBefore - 1, creates: creates - 1 };
  assert(cost.looks <= costs.looks, `caught ${moment.name}, it took ${cost.looks} extra checks`);
  assert(cost.creates <= costs.creates, `caught ${moment.name}, it was created ${creates} times`);
  // The number of looks varies with the machine's load. The bound above does not.
  return creates > 1 ? 'ready, created again' : 'ready';
}

/** Checks that there is one conversation, and that it got the message once, however often its loop was created. */
function assertCreatedOnce({ input, server }: HeldStart): number {
  const posts = server.requests
    .filter(({ method, path }) => method === 'POST' && path === '/api/conversations')
    .map(({ body }) => body as { conversation_id: string; initial_user_msg?: string });
  assert.deepEqual([...new Set(posts.map((body) => body.conversation_id))], [input.sid]);
  assert.equal(posts.filter((body) => body.initial_user_msg !== undefined).length, 1);
  return posts.length;
}
