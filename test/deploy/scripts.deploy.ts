import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../dev-stack/run-command.js';
import { needPrograms } from '../harness/needs.js';

needPrograms({ shellcheck: 'shellcheck', sh: 'dash' });

const cwd = fileURLToPath(new URL('../../../', import.meta.url));

test('shellcheck reports nothing about the scripts', async () => {
  await runCommand('shellcheck', ['.ci/run'], { cwd });
  await runCommand('sh', ['-c', 'shellcheck --shell=sh deploy/compose/*.sh'], { cwd });
});
