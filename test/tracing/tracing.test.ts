import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, type TestContext, test } from 'node:test';
import { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { ConversationAbortedError } from '../../client/errors.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { traceHeader, workflowIdOf } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { type Ended, startProgram } from '../../dev-stack/programs.js';
import { forFile, startWorkerFor } from '../harness/fixtures.js';
import { server } from '../harness/openhands-for-each-test.js';
import { startDevServer } from '../harness/temporal.js';
import { type CollectedSpan, startTraceCollector, type TraceCollector } from '../harness/trace-collector.js';

/** Not the harness's queue: its worker must not do the work of the process under test. */
const taskQueue = 'tracing';

/** OTLP's numbers. */
const statusCodes = { unset: 0, error: 2 };

type Environment = Readonly<Record<string, string>>;

let collector: TraceCollector;

const temporal = await forFile(startDevServer());
beforeEach(async () => {
  collector = await startTraceCollector();
});
afterEach(() => collector.close());

const connection = () => ({ ...temporal.variables, TEMPORAL_TASK_QUEUE: taskQueue });
const tracing = (url = collector.url) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: url });

const startWorker = (t: TestContext, env: Environment) => startWorkerFor(t, { env: { ...connection(), ...env } });

function start(input: CreateNestedConversationInput, env: Environment): Promise<Ended> {
  const args = ['start', '--input', '-', '--wait', '--json'];
  return startProgram('cli/main.js', { args, env: { ...connection(), ...env }, input: JSON.stringify(input) }).ended;
}

/**
 * Starts a conversation with client and worker traced. Returns after both have ended, so that all spans have been sent.
 */
async function startTraced(t: TestContext, input: CreateNestedConversationInput, env: Environment = tracing()) {
  const worker = startWorker(t, env);
  const client = await start(input, env);
  worker.kill('SIGTERM');
  return { client, worker: await worker.ended };
}

/** The direct children of a span, in the order in which they began. */
function below(parent: CollectedSpan | undefined): CollectedSpan[] {
  return collector.spans().filter(({ parentSpanId }) => parentSpanId === parent?.spanId);
}

/** The compared fields of an activity's span. */
function summaryOf({ name, status, attributes }: CollectedSpan) {
  return [
    name,
    attributes['temporal.activity.attempt'],
    status.code === statusCodes.error ? attributes['error.type'] : 'ok',
  ];
}

describe('the trace of a start', () => {
  test('leads from the client through each attempt to each request at the server', async (t) => {
    const input = inputFor(server.url, { readiness: { interval: '1 second' } });
    server.script(input.sid, { loadingLooks: 3 });
    const { client, worker } = await startTraced(t, input);
    assert.deepEqual([client.exitCode, worker.exitCode], [0, 0]);

    const spans = collector.spans();
    const roots = spans.filter(({ parentSpanId }) => !parentSpanId);
    assert.deepEqual(
      roots.map(({ name, serviceName }) => [name, serviceName]),
      [['StartWorkflow:createNestedConversation', 'nested-conversation']],
    );
    const attempts = below(roots[0]);
    assert.deepEqual(attempts.map(summaryOf), [
      ['RunActivity:createConversation', 1, 'ok'],
      ['RunActivity:checkConversationReady', 1, 'ok'],
      ['RunActivity:checkConversationReady', 2, 'ok'],
    ]);
    for (const { serviceName, attributes } of attempts) {
      assert.equal(serviceName, 'nested-conversations-worker');
      assert.equal(attributes['conversation.id'], input.sid);
    }
    const requests = attempts.flatMap(below);
    assert.equal(spans.length, roots.length + attempts.length + requests.length);
    assert.deepEqual(
      requests.map(({ name, traceId, spanId }) => [name, `00-${traceId}-${spanId}-01`]),
      server.requests.map(({ method, headers }) => [method, headers.traceparent]),
    );
    assert.deepEqual(new Set(spans.map(({ traceId }) => traceId)), new Set([roots[0]?.traceId]));
    // Including the early request that was answered 404.
    assert.deepEqual(new Set(spans.map(({ status }) => status.code)), new Set([statusCodes.unset]));
  });

  test('shows the attempts of a create that succeeds in the end', async (t) => {
    const input = inputFor(server.url);
    server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'answer', status: 503 } });
    await startTraced(t, input);
    const creates = collector.spans().filter(({ name }) => name === 'RunActivity:createConversation');
    assert.deepEqual(creates.map(summaryOf), [
      ['RunActivity:createConversation', 1, 'NestedServerUnavailable'],
      ['RunActivity:createConversation', 2, 'ok'],
    ]);
    assert.deepEqual(
      creates
        .flatMap(below)
        .filter(({ name }) => name === 'POST')
        .map(({ status, attributes }) => [status.code, attributes['http.response.status_code']]),
      [
        [statusCodes.error, 503],
        [statusCodes.unset, 200],
      ],
    );
  });

  test('shows a conversation that is not ready as a failure only at the last check', async (t) => {
    const input = inputFor(server.url, { readiness: { interval: '1 second', maximumAttempts: 2 } });
    server.script(input.sid, { agent: 'dead' });
    await startTraced(t, input);
    const looks = collector.spans().filter(({ name }) => name === 'RunActivity:checkConversationReady');
    assert.deepEqual(looks.map(summaryOf), [
      ['RunActivity:checkConversationReady', 1, 'ok'],
      ['RunActivity:checkConversationReady', 2, 'NotReadyYet'],
    ]);
  });

  test('shows why a request got no answer', async (t) => {
    const input = inputFor(server.url, {
      readiness: { interval: '1 second', maximumAttempts: 2, lookTimeout: '1 second' },
    });
    const path = `/api/conversations/${input.sid}/events`;
    server.inject({ path, after: 2, fault: { kind: 'black-hole' } });
    server.inject({ path, after: 2, fault: { kind: 'refuse' } });
    await startTraced(t, input);
    const reasons = collector
      .spans()
      .flatMap(({ name, attributes }) => (name === 'GET' ? attributes['error.type'] : []));
    assert.deepEqual(
      reasons.filter((reason) => reason !== undefined),
      ['timeout', 'ECONNRESET'],
    );
  });

  test('shows no failure if a start is cancelled during a check', async (t) => {
    const input = inputFor(server.url, { readiness: { lookTimeout: '1 minute' } });
    const conversations = new NestedConversations(temporal.env.client, { taskQueue });
    const path = `/api/conversations/${input.sid}/events`;
    const look = server.inject({ path, after: 2, fault: { kind: 'delay-until' } });
    const worker = startWorker(t, tracing());
    await conversations.start(input);
    await look.reached;
    await conversations.cancel(input.sid);
    await assert.rejects(conversations.result(input.sid), ConversationAbortedError);
    worker.kill('SIGTERM');
    await worker.ended;
    const spans = collector.spans();
    const check = spans.find(({ name }) => name === 'RunActivity:checkConversationReady');
    assert(spans.some(({ name, parentSpanId }) => name === 'GET' && parentSpanId === check?.spanId));
    assert.deepEqual(new Set(spans.map(({ status }) => status.code)), new Set([statusCodes.unset]));
  });

  test('contains names and ids but no messages or secrets', async (t) => {
    server.options.sessionApiKey = 'key-of-the-session';
    const input = inputFor(server.url, { client: { sessionApiKey: 'key-of-the-session' } });
    const { client } = await startTraced(t, input);
    assert.equal(client.exitCode, 0);
    const [post] = collector.spans().filter(({ name }) => name === 'POST');
    assert.equal(post?.attributes['url.full'], `${server.url}/api/conversations`);
    const sent = collector.batches.map(({ body }) => body.toString()).join();
    assert.doesNotMatch(sent, /key-of-the-session|Fix the build|limit=/);

    const { events } = await temporal.env.client.workflow.getHandle(workflowIdOf(input.sid)).fetchHistory();
    const { fields } = events?.[0]?.workflowExecutionStartedEventAttributes?.header ?? {};
    // Besides the random header by which the client recognizes its own run.
    assert.deepEqual(Object.keys(fields ?? {}).sort(), [traceHeader, 'nested-conversations-call'].sort());
    const carried: object = defaultPayloadConverter.fromPayload(fields?.[traceHeader] ?? {});
    assert.deepEqual(Object.keys(carried), ['traceparent']);
  });

  test("is sent in OpenTelemetry's default format, with the service name and to the path from the environment", async (t) => {
    const env = {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/spans`,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer of-the-collector',
      OTEL_SERVICE_NAME: 'conversations-of-ada',
    };
    await startTraced(t, inputFor(server.url), env);
    for (const { path, headers, body } of collector.batches) {
      assert.equal(path, '/spans');
      assert.equal(headers['content-type'], 'application/x-protobuf');
      assert.equal(headers.authorization, 'Bearer of-the-collector');
      assert.match(body.toString(), /conversations-of-ada/);
    }
    const sent = collector.batches.map(({ body }) => body.toString()).join();
    for (const name of ['StartWorkflow:createNestedConversation', 'RunActivity:createConversation']) {
      assert.ok(sent.includes(name), name);
    }
  });
});

describe('a start becomes ready', () => {
  test('if its worker does not trace, and the server gets no traceparent', async (t) => {
    const input = inputFor(server.url);
    const worker = startWorker(t, {});
    const { exitCode } = await start(input, tracing());
    worker.kill('SIGTERM');
    await worker.ended;
    assert.equal(exitCode, 0);
    assert.deepEqual(
      collector.spans().map(({ name }) => name),
      ['StartWorkflow:createNestedConversation'],
    );
    assert.deepEqual(new Set(server.requests.map(({ headers }) => headers.traceparent)), new Set([undefined]));
  });

  test('if its client does not trace, and each attempt is a trace', async (t) => {
    const worker = startWorker(t, tracing());
    const { exitCode } = await start(inputFor(server.url), {});
    worker.kill('SIGTERM');
    await worker.ended;
    assert.equal(exitCode, 0);
    const roots = collector.spans().filter(({ parentSpanId }) => !parentSpanId);
    assert.deepEqual(roots.map(summaryOf), [
      ['RunActivity:createConversation', 1, 'ok'],
      ['RunActivity:checkConversationReady', 1, 'ok'],
    ]);
  });

  test('if the trace in its header is unreadable', async (t) => {
    const headers = {
      [traceHeader]: { metadata: { encoding: Buffer.from('binary/encrypted') }, data: Buffer.from('?') },
    };
    const client = new Client({
      connection: temporal.env.connection,
      namespace: temporal.namespace,
      interceptors: { workflow: [{ startWithDetails: (input, next) => next({ ...input, headers }) }] },
    });
    startWorker(t, tracing());
    const { status } = await new NestedConversations(client, { taskQueue }).ensureReady(inputFor(server.url));
    assert.equal(status, 'RUNNING');
  });

  test('if the collector is down, which client and worker report once before they end normally', async (t) => {
    const down = await startTraceCollector();
    await down.close();
    const { client, worker } = await startTraced(t, inputFor(server.url), {
      ...tracing(down.url),
      OTEL_BSP_SCHEDULE_DELAY: '1',
    });
    assert.deepEqual([client.exitCode, worker.exitCode], [0, 0]);
    assert.equal(JSON.parse(client.stdout).status, 'RUNNING');
    for (const { stderr } of [client, worker]) {
      const complaints = stderr.match(
        /^nested-conversation\S*: traces are lost, because the collector \(.*\) does not accept them: .*$/gm,
      );
      assert.equal(complaints?.length, 1, stderr);
      assert.match(complaints[0] ?? '', /ECONNREFUSED/);
    }
  });

  test('if the collector never answers', async (t) => {
    const silent = await startTraceCollector({ silent: true });
    t.after(() => silent.close());
    const { client, worker } = await startTraced(t, inputFor(server.url), tracing(silent.url));
    assert.deepEqual([client.exitCode, worker.exitCode], [0, 0]);
    assert.ok(silent.batches.length > 0);
  });
});
