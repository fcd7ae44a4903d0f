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

const idHelp = 'its id; a workflow or run id that start printed does, too';

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
Temporal is found as the temporal CLI finds it: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY,
TEMPORAL_TLS…, or a profile; TEMPORAL_TASK_QUEUE names the workers' task queue. Options win over the environment.

Exit codes: 0 done, ${exitCodes.failed} the start failed or a setting can't be used, ${exitCodes.usage} wrong usage or input, ${exitCodes.notFound} no such conversation,
            ${exitCodes.taken} it is another user's or on another server, ${exitCodes.unreachable} Temporal can't be reached,
            ${exitCodes.notSent} it is there already and this message was not sent, ${exitCodes.goesOn} the start goes on (time limit, --exit-status)`,
    );
  addConnectionOptions(program);
  addStart(program);

  program
    .command('wait')
    .description('wait until a conversation is ready, whoever started it')
    .argument('<sid>', idHelp)
    .option('--timeout <duration>', 'wait no longer than this; the start goes on')
    .option('--json', 'print one JSON object')
    .addHelpText('after', "\nExample:\n  nested-conversation wait conv1 --timeout '5 minutes'")
    .action((sid: string, options: WaitCommandOptions, command: Command) =>
      answer(command, async (context) => (await import('./commands/wait.js')).wait(sid, options, context)),
    );

  program
    .command('status')
    .description('show how a conversation start is going, or how it ended')
    .argument('<sid>', idHelp)
    .option('--watch', 'follow it to its end, with progress on standard error')
    .option(
      '--exit-status',
      `exit with 0 only if it is ready, ${exitCodes.failed} if it ended otherwise, ${exitCodes.goesOn} while it runs`,
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
    .description('tell what has happened in a start, a line an event')
    .argument('<sid>', idHelp)
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  nested-conversation history conv1')
    .action((sid: string, _options: object, command: Command) =>
      answer(command, async (context) => (await import('./commands/history.js')).history(sid, context)),
    );

  program
    .command('cancel')
    .description('end a start that is under way')
    .argument('<sid>', idHelp)
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  nested-conversation cancel conv1')
    .action((sid: string, _options: object, command: Command) =>
      answer(command, async (context) => (await import('./commands/cancel.js')).cancel(sid, context)),
    );

  program
    .command('list')
    .description('list the starts, the newest first')
    .option('--user-id <id>', 'those of this user')
    .addOption(new Option('--phase <phase>', 'those in this phase').choices(listedPhases))
    .option('--server <server>', 'those on this dialect or base URL')
    .option('--limit <n>', 'at most', Number, 50)
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
    .description('check all that a start needs, and say what to fix')
    .option('--api-url <url>', 'base URL of a nested server to check, too')
    .addOption(new Option('--server <dialect>', 'what it speaks').choices(['openhands', 'agent-server']))
    .option('--session-api-key <key>', 'its session API key; better in NESTED_SESSION_API_KEY')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Reads only. The environment is read as a worker reads it. Exits with 0 if a conversation start has all it needs.

Example:
  nested-conversation doctor --api-url http://localhost:3000`,
    )
    .action(async (options: DoctorCommandOptions, command: Command) => {
      await answer(command, async (context) => (await import('./commands/doctor.js')).doctor(options, context));
      // A check that timed out may have left work that would keep the process alive.
      process.exit();
    });

  program
    .command('completion')
    .description('print the completion script for a shell')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText(
      'after',
      `
Examples, for the files that a shell reads at its start:
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
    .description('start a conversation, or attach to a start in progress')
    .option('--input <file>', "the whole input as JSON; '-' is standard input; options beside it win")
    .option('--api-url <url>', 'base URL of the nested server')
    .option('--sid <id>', 'conversation id')
    .option('--user-id <id>', 'the authenticated user')
    .addOption(new Option('--server <dialect>', 'what the server speaks').choices(['openhands', 'agent-server']))
    .option('--message <text>', 'first message to the agent')
    .option('--image-url <url...>', 'images of the first message')
    .option('--replay-file <file>', 'recorded events to continue from')
    .option('--repository <owner/name>', 'repository to work on')
    .option('--branch <name>', 'its branch')
    .option('--git-provider <name>', 'where the repository is')
    .option('--instructions <text>', 'instructions for the conversation')
    .option('--session-api-key <key>', "the server's session API key; better in NESTED_SESSION_API_KEY")
    .option('--request-timeout <duration>', 'deadline of a request while creating (default 60 seconds)')
    .addOption(new Option('--timeout <duration>').hideHelp().argParser(refuseTimeout))
    .option('--interval <duration>', 'time between two readiness checks (default 2 seconds)')
    .option('--maximum-attempts <n>', 'readiness checks at most (default 60)', numberOrText)
    .option('--look-timeout <duration>', 'deadline of a readiness check (default 5 seconds)')
    .addOption(new Option('--ready-when <test>', 'what ready means').choices(['agent-started', 'accepting-events']))
    .addOption(
      new Option(
        '--on-failure <action>',
        'what to do with the conversation when its start fails or is cancelled',
      ).choices(['keep', 'stop']),
    )
    .option('--resume', 'continue a conversation whose start has completed, with this message')
    .option('--wait', 'wait until it is ready, with progress on standard error')
    .option('--wait-timeout <duration>', 'wait no longer than this; the start goes on')
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

/** `--timeout` was the timeout of a request, and was mistaken for the limit of the wait. */
function refuseTimeout(): never {
  reportUsageError('--timeout is now --request-timeout; the limit of --wait is --wait-timeout');
  process.exit(exitCodes.usage);
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return version;
}

/** The options could not be parsed, so `--json` is searched for in the arguments. */
function reportUsageError(complaint: string): void {
  const problem = `${complaint.replace(/^error: /, '').trim()} (see --help)`;
  reportError(new UsageError(problem), { json: process.argv.includes('--json') });
}
