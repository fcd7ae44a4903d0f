import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { dataConverterFor } from '../../codec/data-converter.js';

import { createCodecServer } from '../../codec-server/codec-server.js';
import { startProgram } from '../../dev-stack/programs.js';
import { protobufOf, withMetadata } from '../worker/payload-kinds.js';

const token = 'the token of this test';
const origin = 'http://localhost:8233';
const bearer = { Authorization: `Bearer ${token}` };

let server: Server;
let url: string;

before(async () => {
  const dataConverter = dataConverterFor(new Map([['k1', createSecretKey(Buffer.alloc(32, 1))]]));
  server = createCodecServer({ dataConverter, token, origins: [origin] }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const base64 = (text: string) => Buffer.from(text).toString('base64');
const plain = { payloads: [{ metadata: { encoding: base64('json/plain') }, data: base64('"Fix the build"') }] };

function post(path: string, body: unknown, headers: Record<string, string> = bearer): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** A payload of this many characters, compressed. */
function zlibOf(characters: number): Buffer {
  return deflateSync(protobufOf(JSON.stringify('x'.repeat(characters))));
}

const encrypted = async () => (await post('/encode', plain)).json();

describe('the codec server', () => {
  test('encrypts and decrypts payloads in the JSON of the protocol', async () => {
    const encoded = (await encrypted()) as typeof plain;
    assert.equal(encoded.payloads[0]?.metadata.encoding, base64('binary/encrypted'));
    assert.deepEqual(await (await post('/decode', encoded)).json(), plain);
  });

  test('decrypts what it can and leaves the rest unchanged', async () => {
    const { payloads } = (await encrypted()) as typeof plain;
    const foreign = {
      metadata: { encoding: base64('binary/encrypted'), 'encryption-key-id': base64('k9') },
      data: base64('?'),
    };
    const response = await post('/decode', { payloads: [...payloads, foreign] });
    assert.deepEqual(((await response.json()) as typeof plain).payloads, [plain.payloads[0], foreign]);
  });

  test('answers below any path and ignores a query', async () => {
    const response = await post('/default/codec/decode?preserveStorageRefs=true', await encrypted());
    assert.deepEqual(await response.json(), plain);
  });

  test('accepts the token as a path segment', async () => {
    const path = `/${encodeURIComponent(token)}/decode`;
    assert.deepEqual(await (await post(path, await encrypted(), {})).json(), plain);
  });

  const strangers: [name: string, headers: Record<string, string>][] = [
    ['a request without a token', {}],
    ['a wrong token', { Authorization: 'Bearer the token of another' }],
    ['a token in another scheme', { Authorization: `Basic ${token}` }],
    ['an empty token', { Authorization: 'Bearer ' }],
    ['a wrong cookie', { Cookie: 'codec-server-token=wrong' }],
    ['a page of the Web UI without a token', { Origin: origin }],
  ];
  for (const [name, headers] of strangers) {
    test(`does not decrypt for ${name}`, async () => {
      const response = await post('/decode', await encrypted(), headers);
      assert.equal(response.status, 401);
      assert.doesNotMatch(await response.text(), /Fix/);
    });
  }

  for (const [what, compressed] of [
    ['data', zlibOf(4_000_000)],
    ['metadata', deflateSync(withMetadata(4_000_000))],
  ] as const) {
    test(`limits the ${what} decoded per request and leaves the rest unchanged`, async () => {
      const bomb = { metadata: { encoding: base64('binary/zlib') }, data: compressed.toString('base64') };
      const response = await post('/decode', { payloads: Array.from({ length: 40 }, () => bomb) });
      const { payloads } = (await response.json()) as typeof plain;
      const decoded = payloads.filter(({ metadata }) => metadata.encoding !== bomb.metadata.encoding);
      assert.equal(payloads.length, 40);
      assert.equal(decoded.length, Math.ceil((64 * 1024 * 1024) / 4_000_002));
      assert.deepEqual(payloads.at(-1), bomb);
    });
  }

  const mistakes: [name: string, path: string, body: unknown, status: number, message: RegExp][] = [
    ['invalid JSON', '/decode', '{', 400, /JSON/],
    ['a list of numbers for data', '/decode', { payloads: [{ data: [1, 2, 3] }] }, 400, /payloads\.0\.data /],
    ['a length for data', '/decode', { payloads: [{ data: { length: 1e9 } }] }, 400, /payloads\.0\.data /],
    ['data that is not base64', '/decode', { payloads: [{ data: 'a b?' }] }, 400, /payloads\.0\.data is not base64/],
    ['metadata that is not base64', '/decode', { payloads: [{ metadata: { a: '{}' } }] }, 400, /metadata\.a is not/],
    [
      'metadata that is not a string',
      '/encode',
      { payloads: [{ metadata: { a: 7 } }] },
      400,
      /payloads\.0\.metadata\.a /,
    ],
    ['payloads that are not a list', '/decode', { payloads: { length: 7 } }, 400, /payloads /],
    ['a request that is a list', '/decode', [], 400, /the request /],
    ['endlessly nested lists', '/decode', `{"payloads":${'['.repeat(1e6)}`, 400, /5 levels/],
    ['a million payloads', '/decode', `{"payloads":[${'{},'.repeat(1e6)}{}]}`, 400, /100000 values/],
    ['a terminal escape in a key', '/decode', { payloads: [{ metadata: { '\u001b[31m': 7 } }] }, 400, /\.\ufffd\[31m /],
    ['an unknown operation', '/delete', { payloads: [] }, 404, /POST \/decode/],
    [
      'an unknown key',
      '/decode',
      {
        payloads: [
          {
            metadata: { encoding: base64('binary/encrypted'), 'encryption-key-id': base64('k9') },
            data: base64('x'.repeat(29)),
          },
        ],
      },
      400,
      /with key 'k9'/,
    ],
    ['a request of 65 MB', '/decode', `"${'x'.repeat(65 * 1024 * 1024)}"`, 413, /67108864 bytes/],
  ];
  for (const [name, path, body, status, message] of mistakes) {
    test(`explains what is wrong with ${name}`, async () => {
      const response = await post(path, body);
      assert.equal(response.status, status);
      assert.match(await response.text(), message);
    });
  }
});

describe('a page of', () => {
  const preflight = (from: string) =>
    fetch(`${url}/decode`, { method: 'OPTIONS', headers: { Origin: from, 'Access-Control-Request-Method': 'POST' } });

  test('the Web UI may call the server with credentials and its own headers', async () => {
    const { status, headers } = await preflight(origin);
    assert.equal(status, 204);
    assert.equal(headers.get('access-control-allow-origin'), origin);
    assert.equal(headers.get('access-control-allow-credentials'), 'true');
    assert.equal(headers.get('access-control-allow-headers'), 'Authorization, Content-Type, X-Namespace');
    const response = await post('/decode', await encrypted(), { ...bearer, Origin: origin });
    assert.equal(response.headers.get('access-control-allow-origin'), origin);
  });

  test('another site may not call the server', async () => {
    const { headers } = await preflight('http://evil.example');
    assert.equal(headers.get('access-control-allow-origin'), null);
  });
});

describe('signing in', () => {
  const signIn = (entered: string) => fetch(url, { method: 'POST', body: new URLSearchParams({ token: entered }) });

  test('with the token sets a cookie that replaces the token', async () => {
    assert.match(await (await fetch(url)).text(), /<form method="post">/);
    const response = await signIn(token);
    const [cookie = ''] = response.headers.getSetCookie();
    assert.match(cookie, /; Path=\/decode; HttpOnly; SameSite=Strict$/);
    const [pair = ''] = cookie.split(';');
    assert.deepEqual(await (await post('/decode', await encrypted(), { Cookie: `a=b; ${pair}` })).json(), plain);
  });

  test('with a wrong token sets no cookie', async () => {
    const response = await signIn('guessed');
    assert.equal(response.status, 401);
    assert.deepEqual(response.headers.getSetCookie(), []);
    assert.match(await response.text(), /That is not the token/);
  });
});

describe('a codec server process', () => {
  const keys = `k1:${Buffer.alloc(32, 1).toString('base64')}`;

  test('listens on the loopback interface only and generates a token if none is set', async (t) => {
    const program = startProgram('codec-server/main.js', {
      env: { PAYLOAD_ENCRYPTION_KEYS: keys, CODEC_SERVER_PORT: '0' },
    });
    t.after(() => program.kill('SIGKILL'));
    const line = await program.printed('\n');
    const [, address = '', made = ''] =
      /^Codec server: sign in at (http:\/\/127\.0\.0\.1:\d+) with the token (\S{32})$/m.exec(line) ?? [];
    const response = await fetch(`${address}/encode`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${made}` },
      body: JSON.stringify(plain),
    });
    assert.equal(response.status, 200);
    program.kill('SIGTERM');
    assert.equal((await program.ended).exitCode, 0);
  });

  test('does not print a configured token', async (t) => {
    const env = { PAYLOAD_ENCRYPTION_KEYS: keys, CODEC_SERVER_PORT: '0', CODEC_SERVER_TOKEN: token };
    const program = startProgram('codec-server/main.js', { env });
    t.after(() => program.kill('SIGKILL'));
    assert.match(await program.printed('\n'), /^Codec server: sign in at http:\/\/127\.0\.0\.1:\d+\n$/);
  });

  const mistakes: [name: string, env: Record<string, string>, complaint: RegExp][] = [
    ['a missing key', {}, /there is no key to decrypt with: set PAYLOAD_ENCRYPTION_KEYS/],
    ['a short token', { PAYLOAD_ENCRYPTION_KEYS: keys, CODEC_SERVER_TOKEN: 'short' }, /TOKEN must have at least 16/],
    ['an invalid port', { PAYLOAD_ENCRYPTION_KEYS: keys, CODEC_SERVER_PORT: 'x' }, /PORT must be a port, but is 'x'/],
    [
      'an origin with a path',
      { PAYLOAD_ENCRYPTION_KEYS: keys, CODEC_SERVER_ORIGINS: 'http://h/ui' },
      /holds 'http:\/\/h\/ui'/,
    ],
  ];
  for (const [name, env, complaint] of mistakes) {
    test(`rejects ${name} in one line and exits with 1`, async () => {
      const { exitCode, stdout, stderr } = await startProgram('codec-server/main.js', { env }).ended;
      assert.match(stderr, /^nested-conversations codec server: [^\n]+\n$/);
      assert.match(stderr, complaint);
      assert.deepEqual({ exitCode, stdout }, { exitCode: 1, stdout: '' });
    });
  }
});
