import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../dev-stack/free-port.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const readme = await readFile(`${root}README.md`, 'utf8');
const page = await readFile(`${root}docs/quick-start.md`, 'utf8');

/** The README's section, without what follows it. */
const [section = ''] = (readme.split('\n## Quick start\n')[1] ?? '').split('\n## ');

interface Command {
  readonly line: string;
  /** The output shown on the page. */
  readonly prints: string[];
}

function commandsOf(markdown: string): Command[] {
  const blocks = [...markdown.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [line = '', ...prints] = text.trimEnd().split('\n');
        return { line: line.replace(/\s+#.*$/, ''), prints };
      }),
  );
}

const servers = new Map([
  ['npm run dev:temporal', /Temporal Server:|^Server:/m],
  ['npm run dev:nested-server', /stand-in for an OpenHands server is at/],
  ['npm run worker', /RUNNING/],
]);

/** Skipped: `npm test` has built the project, and other tests use the build. */
const alreadyDone = new Set(['npm ci && npm run build']);

const isServer = ({ line }: Command) => servers.has(line);
const isTried = ({ line }: Command) => !servers.has(line) && !alreadyDone.has(line);

describe('the quick start', () => {
  const running: ChildProcess[] = [];
  let temporalPort: number;
  let serverPort: number;
  /** Inside the package, where it can be imported by its own name. */
  const script = `${root}dist/hello.mjs`;

  /** Adapts a line to this environment. npx takes a second per command, so only one command uses it. */
  const here = (text: string) =>
    text
      .replaceAll('localhost:3000', `localhost:${serverPort}`)
      .replace('node hello.mjs', `node ${script}`)
      .replace(/^npx nested-conversation (?!setup)/, 'node dist/cli/main.js ');

  function shell(line: string): ChildProcess {
    const env = { ...process.env, TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`, TEMPORAL_NAMESPACE: '' };
    // Its own process group, so that the processes that npm started end with it.
    return spawn('sh', ['-c', line], { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Starts a server from the page on a free port, and waits until it reports that it is up. */
  async function startServer(line: string, options: readonly string[] = []): Promise<void> {
    const child = shell([line, ...options].join(' '));
    running.push(child);
    let output = '';
    const ended = once(child, 'close').then(() => assert.fail(`${line} ended: ${output}`));
    while (!servers.get(line)?.test(output)) {
      const [chunk] = await Promise.race([
        once(child.stdout as NonNullable<typeof child.stdout>, 'data'),
        once(child.stderr as NonNullable<typeof child.stderr>, 'data'),
        ended,
      ]);
      output += chunk;
    }
    ended.catch(() => undefined);
  }

  async function run(line: string): Promise<string> {
    const child = shell(line);
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const [exitCode] = await once(child, 'close');
    assert.equal(exitCode, 0, `${line}: ${stderr}`);
    return stdout;
  }

  before(async () => {
    [temporalPort, serverPort] = [await freePort(), await freePort()];
    const [code = ''] = [...page.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
    await writeFile(script, here(code));
    await startServer('npm run dev:temporal', ['--', '--headless', '--port', String(temporalPort)]);
    await startServer('npm run dev:nested-server', ['--', '--port', String(serverPort)]);
    await startServer('npm run worker');
  });
  after(async () => {
    await rm(script, { force: true });
    for (const child of running.reverse()) {
      if (child.pid === undefined || child.exitCode !== null) continue;
      process.kill(-child.pid, 'SIGTERM');
      await once(child, 'close');
    }
  });

  // Each part begins with a conversation that does not exist yet.
  const commands = [...commandsOf(section.replaceAll('conv123', 'conv122')), ...commandsOf(page)];

  test('starts the same servers in the README and on the page', () => {
    const [inReadme, onPage] = [section, page].map((text) => commandsOf(text).filter(isServer));
    assert.deepEqual(inReadme, onPage);
    assert.deepEqual(
      inReadme?.map(({ line }) => line),
      [...servers.keys()],
    );
  });

  for (const [index, { line, prints }] of commands.filter(isTried).entries()) {
    test(`${index + 1}: ${line}`, async () => {
      const printed = (await run(here(line))).split('\n');
      // The page leaves out progress lines, and the text after "…".
      const shown = prints.filter((text) => !/^ +\d+ s {2}|^ +…$/.test(text));
      // The README's commands have run before, so nothing is left to register. A start can take a second more or less.
      const varies = /^registered|: ready, after/;
      const missing = shown.filter((text) => !printed.includes(here(text)) && !varies.test(text));
      assert.deepEqual(missing, [], printed.join('\n'));
    });
  }
});
