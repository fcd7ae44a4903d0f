import assert from 'node:assert/strict';
import { createSecretKey, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import { Client } from '@temporalio/client';
import { parse } from 'yaml';
import { NestedConversations } from '../../client/nested-conversations.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import { workflowIdOf } from '../../contract/names.js';
import { freePort } from '../../dev-stack/free-port.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { type Sample, scrape } from '../../dev-stack/scrape.js';
import { forFile, standInForFile, startWorkerFor, testFile } from '../harness/fixtures.js';
import { startDevServer } from '../harness/temporal.js';

/** Not the harness's queue: its worker must not do the work of the process under test. */
const taskQueue = 'monitoring';

const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
}

/** Set up for this task queue, as an operator would do it. */
const alerts = (await read('deploy/prometheus/alerts.yml')).replaceAll('"nested-conversations"', `"${taskQueue}"`);

const rules: Rule[] = parse(alerts).groups.flatMap(({ rules }: { rules: Rule[] }) => rules);

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const { panels }: { panels: Panel[] } = JSON.parse(await read('deploy/grafana/dashboard.json'));

/** A metric in an expression, with its matchers. */
interface Query {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

/** The prefix distinguishes our metrics and the SDK's from PromQL's own words. */
function queriesOf(expr: string): Query[] {
  return [...expr.matchAll(/\b((?:nested|temporal)_\w+)(?:\{([^}]*)\})?/g)].map(([, metric = '', matchers = '']) => ({
    metric,
    matchers: [...matchers.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].map(
      ([, label = '', operator = '', value = '']) => ({ label, operator, value }),
    ),
  }));
}

/** The labels that an expression groups by. */
function groupedBy(expr: string): string[] {
  return [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/\s*,\s*/));
}

const queries = [
  ...rules.map(({ alert, expr }) => ({ name: `the alert ${alert}`, expr, shown: '' })),
  ...panels.flatMap(({ title, targets }) =>
    targets.map(({ expr, legendFormat }) => ({
      name: `the panel '${title}' (${legendFormat})`,
      expr,
      shown: legendFormat,
    })),
  ),
];

describe('a worker that has met most failures exposes the metrics and labels of', () => {
  let samples: Sample[];

  before(async () => {
    const temporal = await forFile(startDevServer());
    const server = await standInForFile();
    const port = await freePort();
    const env = { ...temporal.variables, TEMPORAL_TASK_QUEUE: taskQueue };
    const worker = startWorkerFor(testFile, { env: { ...env, WORKER_METRICS_PORT: String(port) } });
    const conversations = new NestedConversations(temporal.env.client, { taskQueue });

    await conversations.ensureReady(inputFor(server.url));
    const notReady = inputFor(server.url, { readiness: { interval: '1 second', maximumAttempts: 2 } });
    server.script(notReady.sid, { agent: 'dead' });
    await assert.rejects(conversations.ensureReady(notReady));
    server.inject({ method: 'POST', path: '/api/conversations', fault: { kind: 'answer', status: 409, body: '{}' } });
    await assert.rejects(conversations.ensureReady(inputFor(server.url)));
    const options = { taskQueue, workflowId: randomUUID() };
    const unknown = await temporal.env.client.workflow.start('unknown', options);
    await worker.reported('"sdkComponent":"core"');
    await unknown.terminate();
    const keys = new Map([['elsewhere', createSecretKey(Buffer.alloc(32, 1))]]);
    const { connection } = temporal.env;
    const stranger = new Client({ connection, namespace: temporal.namespace, dataConverter: dataConverterFor(keys) });
    const { sid } = await new NestedConversations(stranger, { taskQueue }).start(inputFor(server.url));
    await worker.reported('a key is missing');
    await stranger.workflow.getHandle(workflowIdOf(sid)).terminate();

    samples = await scrape(port);
  });

  for (const { name, expr, shown } of queries) {
    const metrics = queriesOf(expr);
    test(name, () => {
      assert.ok(metrics.length > 0, 'the query must name a metric');
      for (const { metric, matchers } of metrics) {
        assert.ok(
          matchers.some(({ label }) => label === 'task_queue'),
          `${metric} must be limited to one task queue`,
        );
      }
      for (const { metric, matchers } of metrics) {
        const series = samples.filter((sample) => sample.name === metric);
        assert.ok(series.length > 0, metric);
        const labels = new Set(series.flatMap((sample) => Object.keys(sample.labels)));
        for (const label of [...groupedBy(expr), ...matchers.map((matcher) => matcher.label)]) {
          assert.ok(labels.has(label), `${metric} must have the label ${label}`);
        }
        for (const { label, operator, value } of matchers) {
          // A Grafana variable stands for any value.
          if (operator.startsWith('!') || value.startsWith('$')) continue;
          const matches = new RegExp(`^(?:${value})$`);
          assert.ok(
            series.some((sample) => matches.test(sample.labels[label] ?? '')),
            `${metric} ${label}="${value}"`,
          );
        }
      }
      for (const [, label = ''] of shown.matchAll(/\{\{(\w+)\}\}/g)) assert.ok(groupedBy(expr).includes(label), label);
    });
  }
});
