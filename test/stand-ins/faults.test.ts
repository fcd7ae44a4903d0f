import assert from 'node:assert/strict';
import http from 'node:http';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Fault } from '../../dev-stack/stand-ins/faults.js';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';

/** How a request ended: with an answer, or with a transport error's code and the bytes received before it. */
type Outcome = { status: number; body: string; headers: http.IncomingHttpHeaders } | { code: string; received: string };

describe('an injected fault', () => {
  let server: OpenHandsStandIn;
  beforeEach(async () => {
    server = await OpenHandsStandIn.listen();
  });
  afterEach(() => server.close());

  const create = () => request(`${server.url}/api/conversations`, '{"conversation_id":"c"}');
  const inject = (fault: Fault) => server.inject({ method: 'POST', path: '/api/conversations', fault });

  for (const [fault, isProcessed] of [
    [{ kind: 'refuse' }, false],
    [{ kind: 'lose-answer' }, true],
    [{ kind: 'reset-headers' }, false],
    [{ kind: 'reset-headers', process: true }, true],
    [{ kind: 'reset-body' }, true],
  ] satisfies [Fault, boolean][]) {
    test(`${JSON.stringify(fault)} resets the connection, the request ${isProcessed ? '' : 'un'}processed`, async () => {
      inject(fault);
      const outcome = await create();
      assert.ok('code' in outcome);
      assert.equal(outcome.code, 'ECONNRESET');
      assert.equal(outcome.received !== '', fault.kind === 'reset-body');
      assert.equal(server.has('c'), isProcessed);
      assert.equal(server.count('POST /api/conversations'), 1);
    });
  }

  test('strikes as often, and as late, as it is told to', async () => {
    const fault = server.inject({ path: /conversations\/.*limit=1$/, after: 1, times: 2, fault: { kind: 'refuse' } });
    const outcomes = [];
    for (let number = 0; number < 4; number += 1) {
      const outcome = await request(`${server.url}/api/conversations/c/events?limit=1`);
      outcomes.push('status' in outcome ? outcome.status : outcome.code);
    }
    assert.deepEqual(outcomes, [404, 'ECONNRESET', 'ECONNRESET', 404]);
    assert.equal(fault.hits, 2);
  });

  test('lets other methods and paths pass, and everything once it is removed', async () => {
    const fault = server.inject({ method: 'GET', path: '/api/conversations', times: 9, fault: { kind: 'refuse' } });
    assert.ok('status' in (await create()));
    fault.remove();
    assert.ok('status' in (await request(`${server.url}/api/conversations`)));
    assert.equal(fault.hits, 0);
  });

  test('black-hole never answers until the server is closed', async () => {
    const fault = inject({ kind: 'black-hole', process: true });
    const outcome = create();
    await fault.reached;
    assert.ok(server.has('c'));
    await server.close();
    assert.ok('code' in (await outcome));
  });

  test('drip sends the real body byte by byte', async () => {
    inject({ kind: 'drip', everyMs: 1 });
    const outcome = await create();
    assert.ok('status' in outcome);
    assert.equal(JSON.parse(outcome.body).conversation_id, 'c');
  });

  test('answer replaces status, headers and body', async () => {
    const headers = { 'content-type': 'text/html', 'retry-after': '7' };
    inject({ kind: 'answer', status: 502, headers, body: '<html>' });
    const outcome = await create();
    assert.ok('status' in outcome);
    assert.deepEqual([outcome.status, outcome.body, outcome.headers['retry-after']], [502, '<html>', '7']);
    assert.equal(server.has('c'), false);
  });

  test('huge-body and gzip-bomb send the given number of bytes', async () => {
    inject({ kind: 'huge-body', bytes: 1_000_000 });
    const huge = await create();
    assert.ok('status' in huge);
    assert.equal(JSON.parse(huge.body).length, 1_000_000);

    inject({ kind: 'gzip-bomb', bytes: 10_000_000 });
    const response = await fetch(`${server.url}/api/conversations`, { method: 'POST', body: '{}' });
    assert.equal(((await response.json()) as string).length, 10_000_000);
  });

  test('huge-body ends when its reader disconnects', async () => {
    inject({ kind: 'huge-body', bytes: Number.MAX_SAFE_INTEGER });
    const response = await fetch(`${server.url}/api/conversations`, { method: 'POST', body: '{}' });
    await response.body?.cancel();
    assert.equal(((await request(`${server.url}/health`)) as { status: number }).status, 200);
  });

  test('delay-until holds a request until it is released', async () => {
    const fault = inject({ kind: 'delay-until' });
    const outcome = create();
    await fault.reached;
    assert.equal(server.has('c'), false);
    fault.release();
    assert.ok('status' in (await outcome));
    assert.ok(server.has('c'));
  });

  test('delay-until also processes a request that its client has abandoned', async () => {
    const fault = inject({ kind: 'delay-until' });
    const abandoned = new AbortController();
    const outcome = fetch(`${server.url}/api/conversations`, {
      method: 'POST',
      body: '{"conversation_id":"c"}',
      signal: abandoned.signal,
    });
    await fault.reached;
    abandoned.abort();
    await assert.rejects(outcome);
    fault.release();
    await request(`${server.url}/health`);
    assert.ok(server.has('c'));
  });
});

describe('a stand-in server', () => {
  test('refuses connections while it is down and comes back on its port', async () => {
    const server = await OpenHandsStandIn.listen();
    const { url } = server;
    await server.down();
    const refused = await request(`${url}/health`);
    await server.up();
    const answered = await request(`${url}/health`);
    await server.close();
    await server.close();
    assert.equal('code' in refused && refused.code, 'ECONNREFUSED');
    assert.equal('status' in answered && answered.status, 200);
  });

  test('records each request and reports its arrival', async () => {
    const server = await OpenHandsStandIn.listen();
    const received = server.received('POST /api/conversations', 2);
    await request(`${server.url}/api/conversations?a=b`, '{"conversation_id":"c"}');
    await request(`${server.url}/api/conversations`, 'no json');
    await received;
    await server.close();
    const [first, second] = server.requests;
    assert.equal(server.count('POST /api/conversations'), 2);
    assert.deepEqual(
      [first?.method, first?.path, first?.body],
      ['POST', '/api/conversations?a=b', { conversation_id: 'c' }],
    );
    assert.equal(second?.body, 'no json');
    assert.equal(second?.headers['content-type'], 'application/json');
  });

  test('keeps connections alive', async () => {
    const server = await OpenHandsStandIn.listen();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    for (let number = 0; number < 5; number += 1) await request(`${server.url}/health`, undefined, agent);
    const sockets = Object.values(agent.freeSockets).flat();
    agent.destroy();
    await server.close();
    assert.equal(sockets.length, 1);
  });
});

function request(url: string, body?: string, agent?: http.Agent): Promise<Outcome> {
  return new Promise((resolve) => {
    let received = '';
    const fail = (error: NodeJS.ErrnoException) => resolve({ code: error.code ?? error.message, received });
    const sent = http.request(
      url,
      {
        method: body === undefined ? 'GET' : 'POST',
        headers: { 'content-type': 'application/json' },
        ...(agent && { agent }),
      },
      (response) => {
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          received += chunk;
        });
        response.on('error', fail);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: received, headers: response.headers }),
        );
      },
    );
    sent.on('error', fail);
    sent.end(body);
  });
}
