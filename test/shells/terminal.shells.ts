import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:os';
import { beforeEach, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { exitCodes } from '../../cli/exit-codes.js';
import { NestedConversations } from '../../client/nested-conversations.js';
import { registerSearchAttributes } from '../../client/search-attributes.js';
import { forFile } from '../harness/fixtures.js';
import { needPrograms } from '../harness/needs.js';
import { server } from '../harness/openhands-for-each-test.js';
import { startDevServer } from '../harness/temporal.js';

needPrograms({ script: 'bsdutils', stty: 'coreutils' });

const cli = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';
const clearLine = '\x1b[0K';

const temporal = await forFile(startDevServer());
await registerSearchAttributes(temporal.env.client);

let sid: string;
beforeEach(() => {
  sid = `conv-${randomUUID()}`;
});

/** Starts the CLI on its own pseudo-terminal and collects its output. */
function onTerminal(t: TestContext, args: readonly string[], { term = 'xterm', columns = 100 } = {}) {
  const command = [process.execPath, cli, ...args].map((word) => `'${word}'`).join(' ');
  // `--return`: exits with the exit code of the command.
  const terminal = spawn(
    'script',
    ['--quiet', '--return', '--command', `stty columns ${columns}; exec ${command}`, '/dev/null'],
    {
      env: { PATH: process.env.PATH, TERM: term, ...temporal.variables },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  t.after(() => terminal.kill('SIGKILL'));
  let shown = '';
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  const ended = once(terminal, 'close').then(([exitCode]) => ({ exitCode, shown }));
  return {
    ended,
    async shows(text: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const found = text.exec(shown);
        if (found) return found;
        const next = await Promise.race([once(terminal.stdout, 'data'), ended]);
        if (!Array.isArray(next)) throw new Error(`The command ended without ${text}: ${shown}`);
      }
    },
    interrupt: () => terminal.stdin.write('\x03'),
  };
}

const startAndWait = () => ['start', '--api-url', server.url, '--sid', sid, '--user-id', 'ada', '--wait'];

/** The text that stays on the screen: everything after the last cleared line. */
function finalScreen(shown: string): string {
  return stripVTControlCharacters(shown.slice(shown.lastIndexOf(clearLine))).replaceAll('\r\n', '\n');
}

describe('start --wait on a terminal', () => {
  test('updates one line while nothing changes and leaves the result', async (t) => {
    const look = server.inject({ path: `/api/conversations/${sid}/events`, after: 2, fault: { kind: 'delay-until' } });
    const terminal = onTerminal(t, [...startAndWait(), '--look-timeout', '1 minute']);
    await look.reached;
    const [, seconds] = await terminal.shows(/(\d+) s {2}checking that it is ready/);
    await terminal.shows(new RegExp(` ${Number(seconds) + 2} s {2}checking that it is ready`));
    look.release();
    const { exitCode, shown } = await terminal.ended;
    assert.ok(shown.includes(hideCursor));
    assert.ok(shown.lastIndexOf(showCursor) > shown.lastIndexOf(hideCursor));
    assert.equal(finalScreen(shown), `${sid} is ready (RUNNING) after 1 look\n`);
    assert.equal(exitCode, 0);
  });

  test('leaves the reason of a failure', async (t) => {
    server.options.settings = 'missing';
    const { exitCode, shown } = await onTerminal(t, startAndWait()).ended;
    assert.match(finalScreen(shown), /^nested-conversation: POST \S+ answered 400 \(Settings not found\)\n$/);
    assert.equal(exitCode, exitCodes.failed);
  });

  test('ends with Ctrl-C and restores the cursor, while the start continues', async (t) => {
    server.script(sid, { loadingLooks: 3 });
    const terminal = onTerminal(t, startAndWait());
    await terminal.shows(/checking that it is ready/);
    terminal.interrupt();
    const { exitCode, shown } = await terminal.ended;
    assert.ok(shown.lastIndexOf(showCursor) > shown.lastIndexOf(hideCursor));
    assert.equal(exitCode, 128 + constants.signals.SIGINT);
    assert.match(
      finalScreen(shown),
      new RegExp(`^The start of ${sid} continues\\.\n  wait for it: npx nested-conversation wait ${sid}\n`),
    );
    assert.match(finalScreen(shown), /\nnested-conversation: interrupted by SIGINT\n$/);
    const { phase } = await new NestedConversations(temporal.env.client).status(sid);
    assert.notEqual(phase, 'cancelled');
  });

  for (const { name, options } of [
    { name: 'a terminal that cannot redraw a line', options: { term: 'dumb' } },
    { name: 'a terminal without columns', options: { columns: 0 } },
  ]) {
    test(`${name} shows plain lines`, async (t) => {
      const { shown } = await onTerminal(t, startAndWait(), options).ended;
      assert.ok(!shown.includes('\x1b'));
      assert.match(shown, / {2}\d s {2}ready\r\n.* is ready \(RUNNING\) after 1 look\r\n$/);
    });
  }
});
