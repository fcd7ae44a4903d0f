import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ChildServer, startChildServer } from '../../dev-stack/child-server.js';

const SERVER = `
  console.log('about to listen');
  require('node:http').createServer((request, response) => response.end('hello')).listen(process.argv[1], '127.0.0.1');
`;

const started: ChildServer[] = [];
after(() => Promise.all(started.map((server) => server.stop('SIGKILL'))));

async function start(options: { script?: string; port?: number; startTimeoutMs?: number } = {}): Promise<ChildServer> {
  const { script = SERVER, ...rest } = options;
  const server = await startChildServer({
    ...rest,
    name: 'tiny server',
    command: process.execPath,
    args: (port) => ['-e', script, String(port)],
    env: process.env,
    healthPath: '/',
  });
  started.push(server);
  return server;
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}

describe('a child server', () => {
  test('answers once it is started and keeps its log', async () => {
    const server = await start();
    assert.equal(await (await fetch(server.url)).text(), 'hello');
    assert.match(server.logs(), /about to listen/);
  });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`is gone after a stop by ${signal} and can be started again on its port`, async () => {
      const first = await start();
      await first.stop(signal);
      assert.equal(await answers(first.url), false);

      const second = await start({ port: first.port });
      assert.equal(second.url, first.url);
      assert.equal(await answers(second.url), true);
    });
  }

  test('that ends at once fails with its log', async () => {
    await assert.rejects(
      start({ script: 'console.error("no such database"); process.exit(3)' }),
      /tiny server ended with exit code 3 before it was up.*\n.*no such database/,
    );
  });

  test('that does not come up in time fails with its log and is killed', async () => {
    const script = `
      console.log('I listen on', process.argv[1]);
      require('node:http').createServer((request, response) => response.writeHead(503).end()).listen(process.argv[1]);
    `;
    const error = await start({ script, startTimeoutMs: 1_000 }).then(
      () => assert.fail('it started'),
      (error: Error) => error,
    );
    const [, port] = /was not up after 1 seconds.*\nI listen on (\d+)/.exec(error.message) ?? assert.fail(error);
    await assert.rejects(fetch(`http://127.0.0.1:${port}`), TypeError);
  });

  test('fails on a port that is taken', async () => {
    const { port } = await start();
    await assert.rejects(start({ port }), /tiny server can't listen on port \d+: it is taken/);
  });

  test('that cannot be run fails with the reason', async () => {
    const missing = { name: 'missing', command: '/no/such/file', args: () => [], env: process.env, healthPath: '/' };
    await assert.rejects(startChildServer(missing), /missing ended with exit code 127 .*\n.*ENOENT/);
  });
});

describe('a process that started a server', { timeout: 60_000 }, () => {
  test('leaves no server behind if it exits without stopping it', async () => {
    const { parent, url } = await startInAnotherProcess();
    parent.stdin?.end();
    await once(parent, 'exit');
    await goneFrom(url);
  });

  test('leaves no server behind if it is killed', async () => {
    const { parent, url } = await startInAnotherProcess();
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await goneFrom(url);
  });
});

/** Starts a server in a process that exits when its standard input ends. */
async function startInAnotherProcess(): Promise<{ parent: ChildProcess; url: string }> {
  const script = `
    import { startChildServer } from '${new URL('../../dev-stack/child-server.js', import.meta.url)}';
    const server = await startChildServer({
      name: 'tiny server',
      command: process.execPath,
      args: (port) => ['-e', ${JSON.stringify(SERVER)}, String(port)],
      env: process.env,
      healthPath: '/',
    });
    console.log(server.url);
    process.stdin.on('end', () => process.exit()).resume();
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [url] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
  return { parent, url: url.trim() };
}

/** Returns once nothing answers any more. The tests' timeout limits it. */
async function goneFrom(url: string): Promise<void> {
  while (await answers(url)) await sleep(50);
}
