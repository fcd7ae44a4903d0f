import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { createActivities } from '../../activities/activities.js';
import { createTransport, NotSentError } from '../../activities/nested-server/transport.js';
import { inputFor } from '../../dev-stack/input-for.js';
import type { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { parseEgressPolicy } from '../../egress/egress-policy.js';
import { failureOf } from '../harness/failure-of.js';
import { startForwardProxy } from '../harness/forward-proxy.js';
import { ActivityEnvironment, listen } from './activity-environment.js';

/** A second loopback address, where the stand-in does not listen. */
const elsewhere = '127.0.0.2';

const portOf = ({ url }: { url: string }) => new URL(url).port;

/** Resolves a host name to these addresses, in turn. */
function resolvesTo(...answers: string[][]) {
  const names: string[] = [];
  return {
    names,
    lookup: async (name: string) => {
      const addresses = answers[names.length] ?? [];
      names.push(name);
      return addresses.map((address) => ({ address, family: 4 }));
    },
  };
}

/** Counts connections to a port of {@link elsewhere}. Call it when no more connections can be in flight. */
async function countConnections(t: TestContext, port: string): Promise<() => Promise<number>> {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  }).listen(Number(port), elsewhere);
  await once(server, 'listening');
  t.after(() => server.close());
  return async () => {
    // Connections are accepted in order, so all earlier ones are counted when this one closes.
    await once(connect(Number(port), elsewhere).resume(), 'close');
    return connections - 1;
  };
}

describe('if the egress policy does not allow the server', () => {
  const transport = createTransport({ egressPolicy: parseEgressPolicy('10.0.0.0/8') });

  test('a create fails for good and nothing is sent', async (t) => {
    const server = await listen(t);
    const apiUrl = `http://localhost:${portOf(server)}`;
    const { createConversation } = createActivities({ transport });
    const input = inputFor(apiUrl, { sid: 'conv' });
    const failure = await failureOf(new ActivityEnvironment().run(createConversation, { input }));
    assert.deepEqual([failure.type, failure.nonRetryable], ['ConversationRejected', true]);
    assert.match(
      failure.message,
      /^GET http:\/\/localhost:(\d+)\/\S+ was not sent: no rule of NESTED_SERVER_ALLOW allows localhost on port \1$/,
    );
    assert.deepEqual(failure.details, [{ method: 'GET', url: `${apiUrl}/api/conversations/conv/events` }]);
    assert.deepEqual(server.requests, []);
  });

  test('a check fails the start for good and nothing is sent', async (t) => {
    const server = await listen(t);
    const { createConversation } = createActivities();
    const { checkConversationReady } = createActivities({ transport });
    const input = inputFor(server.url);
    const created = await new ActivityEnvironment().run(createConversation, { input });
    const before = server.requests.length;
    const look = new ActivityEnvironment().run(checkConversationReady, { ...created, apiUrl: server.url });
    const { type, nonRetryable, message } = await failureOf(look);
    assert.deepEqual([type, nonRetryable], ['ConversationRejected', true]);
    assert.match(message, /was not sent: no rule of NESTED_SERVER_ALLOW allows 127\.0\.0\.1 on port \d+$/);
    assert.equal(server.requests.length, before);
  });
});

test('an address that no rule can allow is blocked even without rules', async () => {
  const { lookup } = resolvesTo(['169.254.169.254']);
  const transport = createTransport({ lookup });
  await assert.rejects(transport({ method: 'GET', url: 'http://innocent.test/' }), {
    name: 'NotSentError',
    message:
      'GET http://innocent.test/ was not sent: ' +
      'innocent.test leads to an address, which no rule of NESTED_SERVER_ALLOW can allow',
  });
});

describe('a host name that changes its address', () => {
  const url = (server: OpenHandsStandIn) => `http://rebound.test:${portOf(server)}/api/conversations/conv`;
  const egressPolicy = parseEgressPolicy('127.0.0.1');

  test('never leads to a forbidden address, with or without kept connections', async (t) => {
    const server = await listen(t);
    const connectionsElsewhere = await countConnections(t, portOf(server));
    const { lookup, names } = resolvesTo(['127.0.0.1'], [elsewhere]);
    const transport = createTransport({ egressPolicy, lookup });
    const get = () => transport({ method: 'GET', url: url(server) });

    await get();
    // Uses the kept-alive connection, which was checked when it was opened.
    await get();
    assert.deepEqual(names, ['rebound.test']);
    await server.down();
    await server.up();
    await assert.rejects(get(), NotSentError);
    assert.deepEqual(names, ['rebound.test', 'rebound.test']);
    assert.equal(server.requests.length, 2);
    assert.equal(await connectionsElsewhere(), 0);
  });

  test('leads to the one of its addresses that is allowed', async (t) => {
    const server = await listen(t);
    const connectionsElsewhere = await countConnections(t, portOf(server));
    const { lookup } = resolvesTo([elsewhere, '127.0.0.1']);
    await createTransport({ egressPolicy, lookup })({ method: 'GET', url: url(server) });
    assert.equal(server.requests.length, 1);
    assert.equal(await connectionsElsewhere(), 0);
  });
});

describe('a proxy in the environment', () => {
  function setProxy(t: TestContext, url: string, noProxy = '') {
    Object.assign(process.env, { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: noProxy });
    t.after(() => {
      for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) delete process.env[name];
    });
  }

  async function start(t: TestContext, noProxy?: string) {
    const server = await listen(t);
    const proxy = await startForwardProxy();
    t.after(() => proxy.close());
    setProxy(t, proxy.url, noProxy);
    return { server, proxy };
  }

  test('is ignored by default', async (t) => {
    const { server, proxy } = await start(t);
    await createTransport()({ method: 'GET', url: server.url });
    assert.equal(server.requests.length, 1);
    assert.deepEqual(proxy.requests, []);
  });

  test('is used on request', async (t) => {
    const { server, proxy } = await start(t);
    await createTransport({ proxyFromEnvironment: true })({ method: 'GET', url: `${server.url}/health` });
    assert.equal(server.requests.length, 1);
    assert.deepEqual(proxy.requests, [`GET ${server.url}/health`]);
  });

  test('is bypassed for a host in NO_PROXY', async (t) => {
    const { server, proxy } = await start(t, '127.0.0.1');
    await createTransport({ proxyFromEnvironment: true })({ method: 'GET', url: server.url });
    assert.equal(server.requests.length, 1);
    assert.deepEqual(proxy.requests, []);
  });

  for (const host of ['169.254.169.254', '[fd00:ec2::254]', 'metadata.google.internal']) {
    for (const protocol of ['http', 'https']) {
      test(`is not asked for ${protocol}://${host}`, async (t) => {
        // Plays the proxy. Requests go no further.
        const server = await listen(t);
        setProxy(t, server.url);
        const transport = createTransport({ proxyFromEnvironment: true });
        await assert.rejects(transport({ method: 'GET', url: `${protocol}://${host}/` }), NotSentError);
        assert.deepEqual(server.requests, []);
      });
    }
  }
});
