import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodes } from '../../cli/exit-codes.js';
import { startProgram } from '../../dev-stack/programs.js';

test('completion for an unsupported shell fails and lists the supported ones', async () => {
  const { exitCode, stderr } = await startProgram('cli/main.js', { args: ['completion', 'tcsh'] }).ended;
  assert.match(stderr, /'tcsh' is invalid .*bash, zsh, fish/);
  assert.equal(exitCode, exitCodes.usage);
});
