import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { AnswerTooLargeError, HttpClient, NoAnswerError } from '../../activities/nested-server/http-client.js';
import { readingTwice } from '../../activities/nested-server/reading-twice.js';
import { createTransport, type Transport, type TransportRequest } from '../../activities/nested-server/transport.js';
import type { Fault } from '../../dev-stack/stand-ins/faults.js';
import { listen } from './activity-environment.js';

const path = '/api/conversations/conv';
const read = { method: 'GET', path } as const;
const write = { method: 'POST', path: '/api/conversations', body: {} } as const;

const clientOf = (baseUrl: string, options: Partial<ConstructorParameters<typeof HttpClient>[0]> = {}) =>
  new HttpClient({
    baseUrl,
    timeoutMs: 2000,
    signal: new AbortController().signal,
    ...options,
    transport: readingTwice(options.transport ?? createTransport()),
  });

async function start(t: TestContext, transport = createTransport()) {
  const server = await listen(t);
  return { server, http: clientOf(server.url, { transport }) };
}

describe('a connection that is reset before an answer begins', () => {
  test('is replaced by a new one for a read, even if other connections are kept alive', async (t) => {
    const { server, http } = await start(t);
    // Several requests at once, so that several connections are kept alive. Then all of them are dead.
    await Promise.all([http.send(read), http.send(read), http.send(read)]);
    assert.equal(server.connections, 3);
    server.inject({ path, fault: { kind: 'refuse' } });
    assert.equal((await http.send(read)).status, 200);
    assert.equal(server.connections, 4);
    assert.equal(server.requestCount, 5);
  });

  test('is replaced only once', async (t) => {
    const { server, http } = await start(t);
    await http.send(read);
    server.inject({ path, times: 2, fault: { kind: 'refuse' } });
    await assert.rejects(http.send(read), { name: 'NoAnswerError', reason: 'connection reset (ECONNRESET)' });
    assert.equal(server.requestCount, 3);
  });

  test('is not replaced for a write, which may have arrived', async (t) => {
    const { server, http } = await start(t);
    await http.send(read);
    server.inject({ path: write.path, fault: { kind: 'refuse' } });
    await assert.rejects(http.send(write), NoAnswerError);
    assert.equal(server.count('POST /api/conversations'), 1);
  });

  test('is not replaced if it was new', async (t) => {
    const { server, http } = await start(t);
    server.inject({ path, fault: { kind: 'refuse' } });
    await assert.rejects(http.send(read), NoAnswerError);
    assert.equal(server.requestCount, 1);
  });

  test('is not replaced if an answer had begun', async (t) => {
    const { server, http } = await start(t);
    await http.send(read);
    server.inject({ path, fault: { kind: 'reset-body' } });
    await assert.rejects(http.send(read), NoAnswerError);
    assert.equal(server.requestCount, 2);
  });

  test('is replaced through a custom transport, which is asked for a new connection', async () => {
    const requests: TransportRequest[] = [];
    const transport: Transport = async (request) => {
      requests.push(request);
      if (requests.length === 1) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      return { status: 200, statusText: 'OK', headers: {}, data: '{}', config: {} as never };
    };
    assert.deepEqual((await clientOf('http://h', { transport }).send(read)).json, {});
    assert.deepEqual(
      requests.map(({ newConnection }) => newConnection),
      [undefined, true],
    );
  });
});

describe('a request', () => {
  test('has a JSON body, or a multipart body for a form', async (t) => {
    const { server, http } = await start(t);
    const form = new FormData();
    form.set('file', new Blob(['a token']), 'token');
    await http.send({ ...write, body: { a: 1 } });
    await http.send({ ...write, body: form });
    const [json, multipart] = server.requests;
    assert.deepEqual([json?.headers['content-type'], json?.body], ['application/json', { a: 1 }]);
    assert.match(String(multipart?.headers['content-type']), /^multipart\/form-data; boundary=/);
    assert.match(String(multipart?.body), /name="file"; filename="token"[\s\S]*\r\n\r\na token\r\n--/);
  });
});

describe('an answer', () => {
  const bomb = (json: string): Fault => ({
    kind: 'answer',
    status: 200,
    headers: { 'content-encoding': 'gzip' },
    body: gzipSync(json),
  });
  const tooLarge: [what: string, fault: Fault, reason: RegExp][] = [
    ['of 9 MB', { kind: 'huge-body', bytes: 9e6 }, /^an answer of more than 8388608 bytes$/],
    ['of 31 MB, compressed to 31 KB', bomb(`[${'{},'.repeat(10e6)}{}]`), /^an answer of more than 8388608 bytes$/],
    ['of a million objects', bomb(`[${'{},'.repeat(1e6)}{}]`), /^an answer of more than 500000 values$/],
    ['nested a million levels deep', bomb('['.repeat(1e6)), /^an answer of more than 200 levels$/],
  ];
  for (const [what, fault, reason] of tooLarge) {
    test(`${what} is too large`, async (t) => {
      const { server, http } = await start(t);
      server.inject({ path, fault });
      await assert.rejects(http.send(read), (error: NoAnswerError) => {
        assert(error instanceof AnswerTooLargeError && error instanceof NoAnswerError);
        assert.match(error.reason, reason);
        return true;
      });
    });
  }

  test('may be larger if the transport allows it', async (t) => {
    const { server, http } = await start(t, createTransport({ maximumAnswerBytes: 10e6 }));
    server.inject({ path, fault: { kind: 'huge-body', bytes: 9e6 } });
    assert.equal((await http.send(read)).text.length, 9e6 + 2);
  });
});

describe('the deadline', () => {
  test('of a request can be a share of the remaining time, which the error names', async (t) => {
    const { server, http } = await start(t);
    server.inject({ path, fault: { kind: 'black-hole' } });
    await assert.rejects(http.send({ ...read, share: 0.05 }), {
      message: `GET ${server.url}${path}: no answer within 100 ms`,
    });
    assert.equal((await http.send({ ...read, path: `${path}/events` })).status, 404);
  });

  test('shared by several requests is reported as the time that was left', async (t) => {
    const { server } = await start(t);
    const http = clientOf(server.url, { timeoutMs: 1000, sharedDeadline: true });
    server.inject({ path, times: 2, fault: { kind: 'black-hole' } });
    await assert.rejects(http.send({ ...read, share: 0.3 }), /: no answer within 300 ms$/);
    await assert.rejects(http.send(read), /: no answer within (\d+) ms: earlier requests left \1 of the 1000 ms$/);
  });
});
