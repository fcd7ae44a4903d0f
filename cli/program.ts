import { readFileSync } from 'node:fs';
import { Argument, Command, Option } from 'commander';
import { answer } from './answer.js';
import type { DoctorCommandOptions } from './commands/doctor.js';
import type { ListCommandOptions } from './commands/list.js';
import type { StartCommandOptions } from './commands/start.js';
import type { StatusCommandOptions } from './commands/status.js';
import type { WaitCommandOptions } from './commands/wait.js';
import { completionScript, type Shell, shells } from './completion.js';
import { addConnectionOptions } from './connection.js';
import { exitCodes, UsageError } from './exit-codes.js';
import { say } from './print.js';
import { reportError } from './report-error.js';

const listedPhases = ['running', 'ready', 'failed', 'cancelled', 'terminated', 'timed-out'];

const idHelp = 'conversation id; the workflow id or run id that start printed also works';

/** The command line `nested-conversation`. Modules that only one command needs are loaded when it runs. */
export function buildProgram(): Command {
  const program = new Command('nested-conversation')
    .description('Starts conversations in OpenHands servers through Temporal, and confirms that they are ready.')
    .version(version(), '-V, --version', 'print the version')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : exitCodes.usage))
    .configureOutput({ outputError: reportUsageError })
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      `
The connection to Temporal is configured as for the temporal CLI: by TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE,
TEMPORAL_API_KEY, TEMPORAL_TLS…, or a profile. TEMPORAL_TASK_QUEUE is the workers' task queue. Options override the
environment.

Exit codes:
  0  success
  ${exitCodes.failed}  the conversation start failed, or a setting can't be used
  ${exitCodes.usage}  wrong usage or wrong input: nothing was started
  ${exitCodes.notFound}  no such conversation
  ${exitCodes.taken}  the conversation belongs to another user, is on another server, or is another workflow
  ${exitCodes.unreachable}  Temporal can't be reached, or has no such namespace
  ${exitCodes.notSent}  the conversation already exists, and this message was not sent
  ${exitCodes.goesOn}  the conversation start is still running (time limit, --exit-status)`,
    );
  addConnectionOptions(program);
  addStart(program);

  program
    .command('wait')
    .description('wait until a conversation is ready, whoever started it')
    .argument('<sid>', idHelp)
    .option('--timeout <duration>', 'maximum time to wait; the start itself continues')
    .option('--json', 'print one JSON object')
    .addHelpText('after', "\nExample:\n  nested-conversation wait conv1 --timeout '5 minutes'")
    .action((sid: string, options: WaitCommandOptions, command: Command) =>
      answer(command, async (context) => (await import('./commands/wait.js')).wait(sid, options, context)),
    );

  program
    .command('status')
    .description('show the status of a conversation start, or how it ended')
    .argument('<sid>', idHelp)
    .option('--watch', 'follow it until it ends, with progress on standard error')
    .option(
      '--exit-status',
      `exit with 0 if it is ready, ${exitCodes.failed} if it ended otherwise, ${exitCodes.goesOn} if it is still running`,
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  nested-conversation status conv1\n  nested-conversation status conv1 --watch --exit-status',
    )
    .action((sid: string, options: StatusCommandOptions, command: Command) =>
      answer(command, async (context) => (await import('./commands/status.js')).status(sid, options, context)),
    );

  program
    .command('history')
    .description('print the events of a conversation start, one per line')
    .argument('<sid>', idHelp)
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  nested-conversation history conv1')
    .action((sid: string, _options: object, command: Command) =>
      answer(command, async (context) => (await import('./commands/history.js')).history(sid, context)),
    );

  program
    .command('cancel')
    .description('cancel a conversation start that is running')
    .argument('<sid>', idHelp)
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  nested-conversation cancel conv1')
    .action((sid: string, _options: object, command: Command) =>
      answer(command, async (context) => (await import('./commands/cancel.js')).cancel(sid, context)),
    );

  program
    .command('list')
    .description('list conversation starts, newest first')
    .option('--user-id <id>', 'only starts for this user')
    .addOption(new Option('--phase <phase>', 'only starts in this phase').choices(listedPhases))
    .option('--server <server>', 'only starts on this kind of server, or on the server at this base URL')
    .option('--limit <n>', 'maximum number of starts to list', Number, 50)
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  nested-conversation list --user-id ada --phase running')
    .action((options: ListCommandOptions, command: Command) =>
      answer(command, async (context) => (await import('./commands/list.js')).list(options, context)),
    );

  program
    .command('setup')
    .description('register the search attributes in the namespace; safe to run again')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  nested-conversation setup')
    .action((_options: object, command: Command) =>
      answer(command, async (context) => (await import('./commands/set-up.js')).setUp(context)),
    );

  program
    .command('doctor')
    .description('check everything that a conversation start needs, and say what to fix')
    .option('--api-url <url>', 'also check the nested server at this base URL')
    .addOption(new Option('--server <dialect>', 'the API of the nested server').choices(['openhands', 'agent-server']))
    .option('--session-api-key <key>', 'its session API key; NESTED_SESSION_API_KEY is safer')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Changes nothing. Reads the environment as a worker does. Exits with 0 if nothing prevents a conversation start.

Example:
  nested-conversation doctor --api-url http://localhost:3000`,
    )
    .action(async (options: DoctorCommandOptions, command: Command) => {
      await answer(command, async (context) => (await import('./commands/doctor.js')).doctor(options, context));
      // The work of a check that timed out may keep the process alive.
      process.exit();
    });

  program
    .command('completion')
    .description('print the completion script for a shell')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText(
      'after',
      `
Add the line for your shell to its startup file:
  source <(nested-conversation completion bash)     # ~/.bashrc
  source <(nested-conversation completion zsh)      # ~/.zshrc
  nested-conversation completion fish | source      # ~/.config/fish/config.fish`,
    )
    .action((shell: Shell) => say(completionScript(program, shell)));

  return program;
}

function addStart(program: Command): void {
  program
    .command('start')
    .description('start a conversation, or attach to the same start if it exists')
    .option('--input <file>', "file with the input as JSON ('-' is standard input); other options override its fields")
    .option('--api-url <url>', 'base URL of the nested server')
    .option('--sid <id>', 'conversation id')
    .option('--user-id <id>', 'the authenticated user')
    .addOption(new Option('--server <dialect>', 'the API of the nested server').choices(['openhands', 'agent-server']))
    .option('--message <text>', 'first message to the agent')
    .option('--image-url <url...>', 'images of the first message')
    .option('--replay-file <file>', 'file with recorded events to continue from')
    .option('--repository <owner/name>', 'repository to work on')
    .option('--branch <name>', 'branch of the repository')
    .option('--git-provider <name>', 'provider that hosts the repository')
    .option('--instructions <text>', 'instructions for the conversation')
    .option('--session-api-key <key>', "the server's session API key; NESTED_SESSION_API_KEY is safer")
    .option(
      '--request-timeout <duration>',
      'timeout of each request that creates the conversation (default 60 seconds)',
    )
    .addOption(new Option('--timeout <duration>').hideHelp().argParser(refuseTimeout))
    .option('--interval <duration>', 'time between two readiness checks (default 2 seconds)')
    .option('--maximum-attempts <n>', 'maximum number of readiness checks (default 60)', numberOrText)
    .option('--look-timeout <duration>', 'timeout of one readiness check (default 5 seconds)')
    .addOption(new Option('--ready-when <test>', 'what counts as ready').choices(['agent-started', 'accepting-events']))
    .addOption(
      new Option(
        '--on-failure <action>',
        'what to do with the conversation if its start fails or is cancelled',
      ).choices(['keep', 'stop']),
    )
    .option('--resume', 'send this message to a conversation whose start has completed')
    .option('--wait', 'wait until it is ready, with progress on standard error')
    .option('--wait-timeout <duration>', 'maximum time to wait; the start itself continues')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  nested-conversation start --api-url http://localhost:3000 --sid conv1 --user-id ada --message 'Fix the build' --wait
  nested-conversation start --input conversation.json --wait --wait-timeout '5 minutes' --json`,
    )
    .action((options: StartCommandOptions, command: Command) =>
      answer(command, async (context) => (await import('./commands/start.js')).start(options, context)),
    );
}

/** Other text is rejected later, together with all other problems. */
function numberOrText(text: string): number | string {
  return Number.isFinite(Number(text)) ? Number(text) : text;
}

/** `--timeout` used to set the timeout of a request, but read like the time limit of `--wait`. */
function refuseTimeout(): never {
  reportUsageError('--timeout is now --request-timeout; to limit --wait, use --wait-timeout');
  process.exit(exitCodes.usage);
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return version;
}

/** The options could not be parsed, so this looks for `--json` in the arguments. */
function reportUsageError(complaint: string): void {
  const problem = `${complaint.replace(/^error: /, '').trim()} (see --help)`;
  reportError(new UsageError(problem), { json: process.argv.includes('--json') });
}
