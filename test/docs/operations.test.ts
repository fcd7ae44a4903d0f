import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { failureTypes } from '../../contract/failures.js';
import { metricNames } from '../../contract/metrics.js';
import { workflowIdOf, workflowType } from '../../contract/names.js';
import { findTemporalCli } from '../../dev-stack/temporal-binaries.js';
import { startDevServer } from '../harness/temporal.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const operations = await readFile(`${root}docs/operations.md`, 'utf8');

/** The anchors that GitHub makes of headings. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe('the runbook', () => {
  const anchors = anchorsOf(operations);

  for (const type of Object.keys(failureTypes)) {
    test(`says what to do about ${type}`, () => assert.ok(operations.includes(`\n### \`${type}\`\n`)));
  }

  test('is linked by every alert', async () => {
    const { groups } = parse(await readFile(`${root}deploy/prometheus/alerts.yml`, 'utf8'));
    const links: string[] = groups[0].rules.map(
      (rule: { annotations: { runbook_url: string } }) => rule.annotations.runbook_url,
    );
    assert.deepEqual(
      links.filter(
        (link) => !anchors.some((anchor) => link === `https://runbooks.example.com/operations.md#${anchor}`),
      ),
      [],
    );
  });

  test('has a command that sets the task queue and the base URL in every alert', async () => {
    const [command = ''] = /^sed -e [\s\S]*?alerts\.yml(?= > )/m.exec(operations.replaceAll(/^\$ /gm, '')) ?? [];
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd: root });
    const rules: { expr: string; annotations: { runbook_url: string } }[] = parse(stdout).groups[0].rules;
    assert.ok(rules.length > 0);
    for (const { expr, annotations } of rules) {
      const selectors = [...expr.matchAll(/\{[^}]*\}/g)].map(([selector]) => selector);
      assert.deepEqual(
        selectors.filter((selector) => !selector.includes('task_queue="your-queue"')),
        [],
      );
      assert.match(annotations.runbook_url, /^https:\/\/wiki\.your\.org\/nested-conversations\/docs\/operations\.md#/);
    }
  });

  test('lists each of our metrics and no other', () => {
    const rows = [...operations.matchAll(/^\| `(nested_\w+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(rows.sort(), Object.values(metricNames).sort());
  });

  test('has commands that the temporal CLI accepts', async () => {
    const commands = [...operations.matchAll(/^\$ (temporal .*)$/gm)].map(([, command = '']) => command);
    assert.ok(commands.length >= 5);
    const temporal = await startDevServer({ own: true });
    const cli = await findTemporalCli(console.error);
    try {
      const options = { taskQueue: 'nobody-polls', workflowId: workflowIdOf('conv123'), args: [{}] };
      await temporal.env.client.workflow.start(workflowType, options);
      for (const command of commands) {
        const script = `temporal() { '${cli}' "$@" --address ${temporal.env.address}; }; ${command}`;
        await promisify(execFile)('sh', ['-c', script]);
      }
    } finally {
      await temporal.stop();
    }
  });
});

test('links in docs/ and in the top-level pages have a target', async () => {
  const files = [...(await readdir(root)), ...(await readdir(`${root}docs`)).map((file) => `docs/${file}`)];
  const markdowns = files.filter((file) => file.endsWith('.md'));
  const texts = new Map(
    await Promise.all(
      markdowns.map(async (file) => [file, await readFile(`${root}${file}`, 'utf8')] as [string, string]),
    ),
  );
  const broken = [...texts].flatMap(([file, text]) =>
    [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].flatMap(([link, path = '', anchor]) => {
      const target = path === '' ? file : new URL(path, `file:///${file}`).pathname.slice(1);
      const found = texts.get(target);
      const leads =
        found === undefined
          ? existsSync(`${root}${target}`)
          : anchor === undefined || anchorsOf(found).includes(anchor);
      return leads ? [] : [`${file}: ${link}`];
    }),
  );
  assert.deepEqual(broken, []);
});
