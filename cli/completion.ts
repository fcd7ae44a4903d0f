import type { Command, Option } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof shells)[number];

/**
 * A script that makes a shell complete a program's commands, their options, and the values of options and arguments.
 */
export function completionScript(program: Command, shell: Shell): string {
  if (shell === 'fish') return fishScript(program);
  const script = bashScript(program);
  return shell === 'zsh' ? `autoload -U +X compinit bashcompinit && compinit && bashcompinit\n${script}` : script;
}

/** Without a word to offer, the shell offers files. */
function bashScript(program: Command): string {
  const name = program.name();
  const complete = `_${name.replaceAll('-', '_')}`;
  const choices = program.commands.flatMap((command) =>
    shownOptions(command).map(({ long, argChoices, required, optional }) => {
      if (!required && !optional) return undefined;
      return `    '${command.name()} ${long}') words='${argChoices?.join(' ') ?? ''}' ;;`;
    }),
  );
  const ofCommands = program.commands.map(
    (command) =>
      `      ${command.name()}) words='${[...argumentChoices(command), ...optionNames(command)].join(' ')}' ;;`,
  );
  return `${complete}() {
  local words current="\${COMP_WORDS[COMP_CWORD]}" command="\${COMP_WORDS[1]}"
  [ "$COMP_CWORD" -gt 1 ] || command=
  case "$command \${COMP_WORDS[COMP_CWORD-1]}" in
${choices.filter((line) => line !== undefined).join('\n')}
    *) case "$command" in
${ofCommands.join('\n')}
      *) words='${program.commands.map((command) => command.name()).join(' ')} --help' ;;
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F ${complete} ${name}`;
}

function fishScript(program: Command): string {
  const name = program.name();
  const lines = program.commands.flatMap((command) => {
    const within = `complete -c ${name} -n '__fish_seen_subcommand_from ${command.name()}'`;
    return [
      `complete -c ${name} -n __fish_use_subcommand -f -a ${command.name()} -d ${quoted(command.description())}`,
      ...argumentChoices(command).map((choice) => `${within} -f -a ${choice}`),
      ...shownOptions(command).map(({ long, description, argChoices, required, optional }) => {
        const values = argChoices ? ` -x -a '${argChoices.join(' ')}'` : required || optional ? ' -r' : '';
        return `${within} -l ${long?.slice(2)}${values} -d ${quoted(description)}`;
      }),
    ];
  });
  return lines.join('\n');
}

function argumentChoices(command: Command): readonly string[] {
  return command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
}

function optionNames(command: Command): string[] {
  return [...shownOptions(command).map(({ long }) => long ?? ''), '--help'];
}

/** The command's own options and the global ones. */
function shownOptions(command: Command): readonly Option[] {
  return [...command.options, ...(command.parent?.options ?? [])].filter(
    ({ hidden, long }) => !hidden && long !== '--version',
  );
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
