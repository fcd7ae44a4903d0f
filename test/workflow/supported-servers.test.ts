import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { inputFor } from '../../dev-stack/input-for.js';
import { AgentServerStandIn } from '../../dev-stack/stand-ins/agent-server-stand-in.js';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { failureOf } from '../harness/failure-of.js';
import { forFile } from '../harness/fixtures.js';
import { recordedActivities } from '../harness/history.js';
import { run, start } from '../harness/start.js';
import { startDevServer, startTimeSkipping } from '../harness/temporal.js';

const temporal = await forFile(startTimeSkipping());

const settings = {
  agentSettings: { llm: { model: 'openai/gpt-4o', api_key: 'sk-x' } },
  workspace: { working_dir: '/workspace' },
};
const toAgentServer = (url: string) => inputFor(url, { server: 'agent-server', sid: randomUUID(), settings });

const posts = ({ requests }: Pick<OpenHandsStandIn, 'requests'>) => requests.filter(({ method }) => method === 'POST');

describe('an unsupported server is rejected at once by name and version, and nothing is sent:', () => {
  const refused: [what: string, wanted: 'openhands' | 'agent-server', version: string, reason: RegExp][] = [
    [
      'an agent server that is too old',
      'agent-server',
      '1.22.1',
      /is agent-server 1\.22\.1, which is not supported: openhands-agent-server 1\.23\.1 and newer are\. Nothing was sent$/,
    ],
    [
      'an OpenHands that is too new',
      'openhands',
      '1.7.0',
      /is openhands 1\.7\.0 and does not have this API: openhands-ai 0\.51 to 1\.6 have it: start it in the agent-server/,
    ],
  ];
  for (const [what, wanted, version, reason] of refused) {
    test(what, async (t) => {
      const server =
        wanted === 'openhands'
          ? await OpenHandsStandIn.listen({ version })
          : await AgentServerStandIn.listen({ version });
      t.after(() => server.close());
      const handle = await start(temporal, wanted === 'openhands' ? inputFor(server.url) : toAgentServer(server.url));
      const failure = await failureOf(handle.result());
      assert.equal(failure.type, 'ConversationRejected');
      assert.match(failure.message, reason);
      assert.deepEqual(posts(server), []);
      assert.deepEqual(
        (await recordedActivities(handle)).map(({ type, attempts }) => [type, attempts]),
        [['createConversation', 1]],
      );
    });
  }

  test('an agent server addressed as openhands', async (t) => {
    const server = await AgentServerStandIn.listen();
    t.after(() => server.close());
    const failure = await failureOf(run(temporal, inputFor(server.url)));
    assert.equal(failure.type, 'ConversationRejected');
    assert.match(failure.message, /is agent-server 1\.58\.0: pass server 'agent-server'$/);
  });

  test('an openhands server addressed as agent-server', async (t) => {
    const server = await OpenHandsStandIn.listen();
    t.after(() => server.close());
    const failure = await failureOf(run(temporal, toAgentServer(server.url)));
    assert.equal(failure.type, 'ConversationRejected');
    assert.match(failure.message, /is openhands 0\.55\.0: pass server 'openhands'$/);
  });
});

describe('a start waits for a supported server that is not up yet:', () => {
  for (const version of ['1.23.1', '1.58.2']) {
    test(`agent-server ${version} behind a gateway without its route`, async (t) => {
      const server = await AgentServerStandIn.listen({ version });
      t.after(() => server.close());
      server.inject({
        path: /\/api\//,
        times: 2,
        fault: { kind: 'answer', status: 404, body: '{"detail":"Not Found"}' },
      });
      assert.equal((await run(temporal, toAgentServer(server.url))).status, 'finished');
    });
  }

  test('openhands behind a gateway without its route', async (t) => {
    const server = await OpenHandsStandIn.listen();
    t.after(() => server.close());
    server.inject({
      path: /\/api\//,
      times: 2,
      fault: { kind: 'answer', status: 404, body: '{"detail":"Not Found"}' },
    });
    assert.equal((await run(temporal, inputFor(server.url))).status, 'RUNNING');
  });

  test('an agent server in a pool that is not initialized', async (t) => {
    const server = await AgentServerStandIn.listen({ isInitialized: false });
    t.after(() => server.close());
    const handle = await start(temporal, toAgentServer(server.url));
    await server.received('GET /server_info', 2);
    server.options.isInitialized = true;
    assert.equal((await handle.result()).status, 'finished');
  });
});

test('a server that answers every request with an HTML page is reported as unavailable', async (t) => {
  const page = createServer((_, response) =>
    response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>No</h1>'),
  );
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
  t.after(() => page.close());
  const url = `http://127.0.0.1:${(page.address() as AddressInfo).port}`;
  for (const input of [inputFor(url), toAgentServer(url)]) {
    const failure = await failureOf(run(temporal, input));
    assert.equal(failure.type, 'NestedServerUnavailable');
    assert.match(failure.message, /answered 404 with a body that is not the API's \(text\/html\)/);
  }
});

test('eight starts on a server that keeps three conversations alive all end, with at most one create per interval each', async (t) => {
  // In real time: the time-skipping server supports only one run at a time.
  const devServer = await startDevServer();
  t.after(() => devServer.stop());
  const server = await OpenHandsStandIn.listen({ maxConcurrentConversations: 3 });
  t.after(() => server.close());
  const intervalMs = 1000;
  const handles = await Promise.all(
    Array.from({ length: 8 }, () => start(devServer, inputFor(server.url, { readiness: { interval: '1 second' } }))),
  );
  const ends = await Promise.all(
    handles.map((handle) =>
      handle.result().then(
        () => 'ready',
        (error) => error.cause.type,
      ),
    ),
  );
  assert(ends.includes('ready'));
  for (const end of ends) assert(['ready', 'ConversationFailed', 'ConversationNotReady'].includes(end), end);
  for (const handle of handles) {
    const { events } = await handle.fetchHistory();
    const creates = (events ?? [])
      .filter(
        ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'createConversation',
      )
      .map(({ eventTime }) => Number(eventTime?.seconds) * 1000 + Number(eventTime?.nanos) / 1e6);
    for (const [index, at] of creates.slice(1).entries()) assert(at - (creates[index] ?? 0) >= intervalMs);
  }
});
