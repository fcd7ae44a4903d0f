import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { completionScript } from '../../cli/completion.js';
import { buildProgram } from '../../cli/program.js';
import { runCommand } from '../../dev-stack/run-command.js';
import { needPrograms } from '../harness/needs.js';

needPrograms({ bash: 'bash', zsh: 'zsh', fish: 'fish' });

const program = buildProgram();
const cli = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const printScript = (shell: string) => `'${process.execPath}' '${cli}' completion ${shell}`;

async function linesOf(shell: string, args: readonly string[]): Promise<string[]> {
  const printed = await runCommand(shell, args);
  return printed.split('\n').filter((line) => line !== '');
}

/** The completions of a real bash for the last of these words. */
function completionsOf(...words: readonly string[]): Promise<string[]> {
  const script = `${completionScript(program, 'bash')}
    COMP_WORDS=(nested-conversation ${words.map((word) => `'${word}'`).join(' ')})
    COMP_CWORD=${words.length}
    _nested_conversation
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  return linesOf('bash', ['--norc', '-c', script]);
}

describe('completion in bash', () => {
  test('works once a shell has read the output of the command', async () => {
    const script = `source <(${printScript('bash')}); complete -p nested-conversation`;
    assert.deepEqual(await linesOf('bash', ['--norc', '-c', script]), [
      'complete -o default -F _nested_conversation nested-conversation',
    ]);
  });

  test('offers the commands', async () => {
    assert.deepEqual(await completionsOf(''), [...program.commands.map((command) => command.name()), '--help']);
    assert.deepEqual(await completionsOf('sta'), ['start', 'status']);
  });

  for (const command of program.commands) {
    test(`offers the options of ${command.name()}`, async () => {
      const own = command.options.filter(({ hidden }) => !hidden).map(({ long }) => long);
      const connection = ['--address', '--namespace', '--task-queue', '--profile'];
      assert.deepEqual(await completionsOf(command.name(), '--'), [...own, ...connection, '--help']);
    });
  }

  for (const { words, offers } of [
    { words: ['start', '--json', '--server', 'a'], offers: ['agent-server'] },
    { words: ['start', '--on-failure', ''], offers: ['keep', 'stop'] },
    { words: ['list', '--phase', 'ca'], offers: ['cancelled'] },
    { words: ['completion', 'b'], offers: ['bash'] },
    { words: ['start', '--input', ''], offers: [] },
  ]) {
    test(`offers ${offers.join(', ') || 'files'} after ${words.join(' ')}`, async () => {
      assert.deepEqual(await completionsOf(...words), offers);
    });
  }
});

test('completion in zsh works once a shell has read the output of the command', async () => {
  const script = `source <(${printScript('zsh')}); echo $_comps[nested-conversation]`;
  assert.deepEqual(await linesOf('zsh', ['-f', '-c', script]), ['_bash_complete -o default -F _nested_conversation']);
});

test('completion in fish offers commands, options and their values', async () => {
  const script = `${printScript('fish')} | source
    for words in 'sta' 'start --on-f' 'start --server a' 'completion z'
      complete --do-complete "nested-conversation $words"
    end`;
  const lines = await linesOf('fish', ['--no-config', '-c', script]);
  assert.deepEqual(
    lines.map((line) => line.split('\t')[0]),
    ['start', 'status', '--on-failure', 'agent-server', 'zsh'],
  );
});
