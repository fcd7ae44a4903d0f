import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** `npm run demo` on the existing build: what it prints, and that it leaves nothing behind. */
const launcher = fileURLToPath(new URL('../../../dev-stack/demo.mjs', import.meta.url));

interface Demo {
  readonly process: ChildProcess;
  readonly printed: () => string;
  /** Resolves with the match once it appears on standard output. */
  shows(text: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<number | null>;
}

/**
 * Starts the demo like npm does: a shell that replaces itself with it. With `between`, another process is its parent.
 */
function startDemo(t: TestContext, args: readonly string[], { between = false, env = {} } = {}): Demo {
  const command = `'${process.execPath}' '${launcher}' --no-build ${args.join(' ')}`;
  const child = spawn('sh', ['-c', between ? `${command} & wait` : `exec ${command}`], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    process: child,
    printed: () => text,
    async shows(wanted) {
      for (;;) {
        const found = wanted.exec(text);
        if (found) return found;
        const next = await Promise.race([once(child.stdout, 'data'), ended]);
        if (!Array.isArray(next)) throw new Error(`The demo ended without ${wanted}: ${text}`);
      }
    },
    ended,
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('close', () => socket.destroy()).end();
  });
}

/** Returns once nothing listens there. The test's timeout limits it. */
async function goneFrom(port: number): Promise<void> {
  while (await answers(port)) await sleep(50);
}

/** The ports of its Temporal server and its nested server. */
async function portsOf(demo: Demo): Promise<readonly number[]> {
  const [, temporal, standIn] = await demo.shows(
    /Temporal +[\d.]+:(\d+)[\s\S]*Stand-in +http:\/\/[\d.]+:(\d+)[\s\S]*Ctrl-C/,
  );
  return [Number(temporal), Number(standIn)];
}

const endings: readonly [what: string, end: (demo: Demo) => unknown][] = [
  ...(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const).map((signal): [string, (demo: Demo) => unknown] => [
    signal,
    ({ process }) => process.kill(signal),
  ]),
  ['a closed reader', ({ process }) => process.stdout?.destroy()],
];

// One at a time: each uses the default ports of a dev server if they are free.
describe('the demo', () => {
  for (const [what, end] of endings) {
    // A closed reader is noticed at the next output: while the conversation is being started.
    const isReader = what === 'a closed reader';
    test(`is ended by ${what}, with everything that it has started`, async (t) => {
      const demo = startDemo(t, ['--keep']);
      const ports = isReader ? [Number((await demo.shows(/Temporal +[\d.]+:(\d+)/))[1])] : await portsOf(demo);
      end(demo);
      await Promise.all(ports.map(goneFrom));
    });
  }

  test('ends when its parent is killed, with everything that it has started', async (t) => {
    const demo = startDemo(t, ['--keep'], { between: true });
    const ports = await portsOf(demo);
    demo.process.kill('SIGKILL');
    await Promise.all(ports.map(goneFrom));
  });

  test('succeeds after a conversation is ready and suggests the next step', async (t) => {
    const demo = startDemo(t, []);
    assert.equal(await demo.ended, 0);
    assert.match(demo.printed(), /is ready: RUNNING after 4 looks\n.*npm run demo -- --keep\n$/);
  });

  test('suggests a command with --keep that shows the conversation', async (t) => {
    const demo = startDemo(t, ['--keep']);
    const [, command = ''] = await demo.shows(/In another terminal:\n +(npx nested-conversation .*)\n/);
    const shown = spawn('sh', ['-c', command], { cwd: fileURLToPath(new URL('../../../', import.meta.url)) });
    let text = '';
    for await (const more of shown.stdout.setEncoding('utf8')) text += more;
    assert.match(text, /: ready/);
    demo.process.kill('SIGTERM');
    assert.equal(await demo.ended, 0);
  });

  test('says in one line that Temporal is not reachable', async (t) => {
    const demo = startDemo(t, [], { env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } });
    assert.equal(await demo.ended, 1);
    assert.match(demo.printed(), /\n✖ can't reach Temporal at 127\.0\.0\.1:1 \(TEMPORAL_ADDRESS\): .*\n$/);
  });

  test('names an unknown option and refers to its help', async (t) => {
    const demo = startDemo(t, ['--kepe']);
    assert.equal(await demo.ended, 2);
    assert.equal(demo.printed(), "✖ '--kepe' is no option of the demo. See: npm run demo -- --help\n");
  });

  test('has a help text that describes each option', async (t) => {
    const demo = startDemo(t, ['--help']);
    assert.equal(await demo.ended, 0);
    for (const option of ['--keep', '--encrypted', '--real'])
      assert.match(demo.printed(), new RegExp(`${option} +\\w`));
  });
});
