import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../dev-stack/run-command.js';
import { needPrograms } from '../harness/needs.js';

needPrograms({ promtool: 'prometheus' });

const cwd = fileURLToPath(new URL('../../../', import.meta.url));

test('Prometheus accepts the alert rules', async () => {
  const folder = 'deploy/prometheus';
  const files = (await readdir(`${cwd}${folder}`)).filter((name) => name.endsWith('.yml'));
  await runCommand('promtool', ['check', 'rules', ...files.map((name) => `${folder}/${name}`)], { cwd });
});

test('the alerts fire when they should and only then', async () => {
  await runCommand('promtool', ['test', 'rules', 'test/deploy/alerts.promtool.yml'], { cwd });
});
