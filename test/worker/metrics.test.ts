import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { NestedConversations } from '../../client/nested-conversations.js';
import { freePort } from '../../dev-stack/free-port.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { type Sample, scrape } from '../../dev-stack/scrape.js';
import { forFile, standInForFile, startWorkerFor, testFile } from '../harness/fixtures.js';
import { startDevServer } from '../harness/temporal.js';

/** Not the harness's queue: its worker must not do the work of the process under test. */
const taskQueue = 'metrics';

describe('the metrics of a worker', () => {
  let samples: Sample[];
  /** Left out of comparisons: the labels that the SDK adds to every metric. */
  let ofSdk: Readonly<Record<string, string>>;
  const ofCreate = { activityType: 'createConversation', activity_type: 'createConversation' };

  function seriesOf(name: string): Sample[] {
    return samples.filter((sample) => sample.name === name);
  }

  before(async () => {
    const temporal = await forFile(startDevServer());
    ofSdk = { namespace: temporal.namespace, taskQueue, task_queue: taskQueue };
    const server = await standInForFile();
    const port = await freePort();
    const env = { ...temporal.variables, TEMPORAL_TASK_QUEUE: taskQueue };
    startWorkerFor(testFile, {
      env: { ...env, WORKER_METRICS_PORT: String(port), NESTED_SERVER_ALLOW: '127.0.0.1' },
    });
    const conversations = new NestedConversations(temporal.env.client, { taskQueue });
    const post = { method: 'POST', path: '/api/conversations' };

    await conversations.ensureReady(inputFor(server.url));
    server.inject({ ...post, fault: { kind: 'lose-answer' } });
    await conversations.ensureReady(inputFor(server.url));
    server.inject({ ...post, fault: { kind: 'answer', status: 418, body: '{}' } });
    await assert.rejects(conversations.ensureReady(inputFor(server.url)));
    server.inject({ ...post, fault: { kind: 'answer', status: 499, body: '{}' } });
    await assert.rejects(conversations.ensureReady(inputFor(server.url)));
    const slow = inputFor(server.url, { readiness: { lookTimeout: '100 milliseconds', interval: '1 second' } });
    const path = `/api/conversations/${slow.sid}/events`;
    server.inject({ path, after: 2, fault: { kind: 'black-hole' } });
    await conversations.ensureReady(slow);
    await assert.rejects(conversations.ensureReady(inputFor('http://127.0.0.2:1')));

    samples = await scrape(port);
  });

  test('count successful creates by server', () => {
    assert.deepEqual(seriesOf('nested_conversations_created_total'), [
      {
        name: 'nested_conversations_created_total',
        labels: { ...ofSdk, ...ofCreate, server: 'openhands' },
        value: 3,
      },
    ]);
  });

  const posts = [
    { status: '200', is: 'an answer', value: 2 },
    { status: '418', is: 'a refusal', value: 1 },
    { status: 'other', is: 'a status that HTTP does not have', value: 1 },
    { status: 'ECONNRESET', is: 'a lost answer', value: 1 },
  ];
  for (const { status, is, value } of posts) {
    test(`count requests to nested servers: ${is} as ${status}`, () => {
      const [series, ...more] = seriesOf('nested_server_requests_total').filter(
        ({ labels }) => labels.method === 'POST' && labels.status === status,
      );
      assert.deepEqual(series?.labels, { ...ofSdk, ...ofCreate, method: 'POST', status });
      assert.deepEqual({ value: series?.value, more }, { value, more: [] });
    });
  }

  for (const { status, is } of [
    { status: 'timeout', is: 'one that was not answered in time' },
    { status: 'not sent', is: 'one that NESTED_SERVER_ALLOW forbids' },
  ]) {
    test(`count requests to nested servers: ${is} as ${status}`, () => {
      const found = seriesOf('nested_server_requests_total').filter(({ labels }) => labels.status === status);
      assert.deepEqual(
        found.map(({ labels }) => labels.method),
        ['GET'],
      );
      // On a busy machine, more than the held one can be late.
      assert.ok((found[0]?.value ?? 0) >= 1);
    });
  }

  test('include those of the SDK', () => {
    const [sample] = seriesOf('temporal_workflow_failed');
    assert.equal(sample?.value, 3);
  });
});
