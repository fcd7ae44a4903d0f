import type { Client } from '@temporalio/client';
import { Argument, Command, Option } from 'commander';
import { connectClient } from '../client/connect.js';
import type { ConversationStatus } from '../client/conversation-status.js';
import type { ConversationFilter, ListedConversation } from '../client/list-conversations.js';
import { NestedConversations } from '../client/nested-conversations.js';
import { registerSearchAttributes } from '../client/search-attributes.js';
import { describeLooks, phases } from '../client/words.js';
import { oneLine } from '../config/config-error.js';
import { loadTemporalConfig } from '../config/temporal.js';
import { startTracing } from '../tracing/start-tracing.js';
import { completionScript, type Shell, shells } from './completion.js';
import { describeHistory } from './describe-history.js';
import { describeList, describeStatus } from './describe-status.js';
import { describeFinding, type Finding } from './doctor/check.js';
import type { NestedServerOptions } from './doctor/nested-server-check.js';
import { errorJson, exitCodeOf, exitCodes, reportError, UsageError } from './exit-codes.js';
import { isLive, withLiveProgress } from './live-progress.js';
import { readStartInput, type StartInputOptions } from './start-input.js';
import { statusScreen } from './status-screen.js';

interface StartCommandOptions extends StartInputOptions {
  readonly resume?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
}

interface OutputOptions {
  readonly json?: boolean;
}

interface ListCommandOptions extends OutputOptions, ConversationFilter {
  readonly limit: number;
}

interface DoctorOptions extends OutputOptions, NestedServerOptions {}

/** The command line `nested-conversation`. */
export function buildProgram(): Command {
  const program = new Command('nested-conversation')
    .description('Starts conversations in OpenHands servers through Temporal, and confirms that they are ready.')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : exitCodes.usage))
    .configureOutput({ outputError: reportUsageError })
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      `
Temporal is found as the temporal CLI finds it: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY,
TEMPORAL_TLS…, or a profile; TEMPORAL_TASK_QUEUE names the workers' task queue.

Exit codes: 0 done, ${exitCodes.failed} the start failed or a setting can't be used, ${exitCodes.usage} wrong usage or input, ${exitCodes.notFound} no such conversation,
            ${exitCodes.taken} it is another user's or on another server, ${exitCodes.unreachable} Temporal can't be reached`,
    );

  program
    .command('start')
    .description('start a conversation, or attach to the start that is under way')
    .option('--input <file>', "the whole input as JSON; '-' is standard input; options beside it win")
    .option('--api-url <url>', 'base URL of the nested server')
    .option('--sid <id>', 'conversation id')
    .option('--user-id <id>', 'the authenticated user')
    .addOption(new Option('--server <dialect>', 'what the server speaks').choices(['openhands', 'agent-server']))
    .option('--message <text>', 'first message to the agent')
    .option('--image-url <url...>', 'images of the first message')
    .option('--replay-file <file>', 'recorded events to resume from')
    .option('--repository <owner/name>', 'repository to work on')
    .option('--branch <name>', 'its branch')
    .option('--git-provider <name>', 'where the repository is')
    .option('--instructions <text>', 'instructions for the conversation')
    .option('--session-api-key <key>', "the server's session API key; better in NESTED_SESSION_API_KEY")
    .option('--timeout <duration>', 'deadline of a request while creating (default 60 seconds)')
    .option('--interval <duration>', 'time between two looks (default 2 seconds)')
    .option('--maximum-attempts <n>', 'looks at the most (default 60)', Number)
    .option('--look-timeout <duration>', 'deadline of a look (default 5 seconds)')
    .addOption(new Option('--ready-when <test>', 'what ready means').choices(['agent-started', 'accepting-events']))
    .addOption(
      new Option(
        '--on-failure <action>',
        'what to do with the conversation when its start fails or is cancelled',
      ).choices(['keep', 'stop']),
    )
    .option('--resume', 'start anew although an earlier start completed')
    .option('--wait', 'wait until it is ready, with progress on standard error')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  nested-conversation start --api-url http://localhost:3000 --sid conv1 --user-id ada --message 'Fix the build' --wait
  nested-conversation start --input conversation.json --json`,
    )
    .action((options: StartCommandOptions) => run(options, (connect) => start(connect, options)));

  program
    .command('status <sid>')
    .description('tell how a start comes along, or what became of it')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  nested-conversation status conv1')
    .action((sid: string, options: OutputOptions) => run(options, (connect) => status(connect, sid)));

  program
    .command('history <sid>')
    .description('tell what has happened in a start, a line an event')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  nested-conversation history conv1')
    .action((sid: string, options: OutputOptions) => run(options, (connect) => history(connect, sid)));

  program
    .command('cancel <sid>')
    .description('end a start that is under way')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  nested-conversation cancel conv1')
    .action((sid: string, options: OutputOptions) => run(options, (connect) => cancel(connect, sid)));

  program
    .command('list')
    .description('list the starts, the newest first')
    .option('--user-id <id>', 'those of this user')
    .addOption(new Option('--phase <phase>', 'those in this phase').choices(Object.keys(phases)))
    .option('--server <server>', 'those on this dialect or base URL')
    .option('--limit <n>', 'at the most', Number, 50)
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  nested-conversation list --user-id ada --phase checking')
    .action((options: ListCommandOptions) => run(options, (connect) => list(connect, options)));

  program
    .command('setup')
    .description('register the search attributes in the namespace; safe to run again')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  nested-conversation setup')
    .action((options: OutputOptions) => run(options, setUp));

  program
    .command('doctor')
    .description('check all that a start needs, and say what to mend')
    .option('--api-url <url>', 'base URL of a nested server to look at, too')
    .addOption(new Option('--server <dialect>', 'what it speaks').choices(['openhands', 'agent-server']))
    .option('--session-api-key <key>', 'its session API key; better in NESTED_SESSION_API_KEY')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Reads only. The environment is read as a worker reads it. Exits with 0 if nothing is in the way of a start.

Example:
  nested-conversation doctor --api-url http://localhost:3000`,
    )
    .action(async (options: DoctorOptions) => {
      await run(options, () => doctor(options));
      // What a check has left when its time was up would keep the process.
      process.exit();
    });

  program
    .command('completion')
    .description('print a script that has a shell complete this command line')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText(
      'after',
      `
Examples, for the files that a shell reads at its start:
  source <(nested-conversation completion bash)     # ~/.bashrc
  source <(nested-conversation completion zsh)      # ~/.zshrc
  nested-conversation completion fish | source      # ~/.config/fish/config.fish`,
    )
    .action((shell: Shell) => console.log(completionScript(program, shell)));

  return program;
}

/** Options could not be read, `--json` among them: so it is looked for where they stand. */
function reportUsageError(complaint: string): void {
  const problem = `${complaint.replace(/^error: /, '').trim()} (see --help)`;
  reportError(new UsageError(problem), { json: process.argv.includes('--json') });
}

/** What a command has to say: to a person, and to a program. */
interface Answer {
  readonly text: string;
  readonly json: object;
  /** @default 0 */
  readonly exitCode?: number;
}

/** Connects to Temporal: a command does so when its own arguments are in order. */
type Connect = () => Promise<Connected>;

interface Connected {
  readonly client: Client;
  readonly conversations: NestedConversations;
}

async function run({ json }: OutputOptions, command: (connect: Connect) => Promise<Answer>): Promise<void> {
  let client: Client | undefined;
  let stopTracing: (() => Promise<void>) | undefined;
  const connect = async () => {
    const config = loadTemporalConfig();
    stopTracing = await startTracing('nested-conversation');
    client = await connectClient(config);
    return { client, conversations: new NestedConversations(client, { ...config, onHint: console.error }) };
  };
  try {
    const answer = await command(connect);
    console.log(json ? JSON.stringify(answer.json) : answer.text);
    process.exitCode = answer.exitCode ?? 0;
  } catch (error) {
    reportError(error, { json });
    process.exitCode = exitCodeOf(error);
  } finally {
    await client?.connection.close();
    await stopTracing?.();
  }
}

async function start(connect: Connect, options: StartCommandOptions): Promise<Answer> {
  const input = await readStartInput(options);
  const { conversations } = await connect();
  const { resume, wait } = options;
  if (!wait) {
    const started = await conversations.start(input, { resume });
    const verb = started.attached ? 'was started already' : 'is starting';
    return { text: `${started.sid} ${verb}: workflow ${started.workflowId}, run ${started.runId}`, json: started };
  }
  const untilReady = (onProgress: (status: ConversationStatus) => void) =>
    conversations.ensureReady(input, { resume, onProgress });
  const result = isLive(process.stderr)
    ? await withLiveProgress(process.stderr, untilReady)
    : await untilReady((status) => console.error(describeStatus(status)));
  const { conversationId, status, attempts } = result;
  return { text: `${conversationId} is ready (${status}) after ${describeLooks(attempts)}`, json: result };
}

async function status(connect: Connect, sid: string): Promise<Answer> {
  const { conversations } = await connect();
  const found = await conversations.status(sid);
  const outcome = found.closedAt ? await conversations.result(sid).catch((error: Error) => error) : undefined;
  const json = { ...found, ...(outcome instanceof Error ? errorJson(outcome) : outcome && { result: outcome }) };
  return { text: statusScreen(found, outcome), json };
}

async function history(connect: Connect, sid: string): Promise<Answer> {
  const { conversations } = await connect();
  const events = await conversations.history(sid);
  // A step under way, and what its attempts met, comes into history at its end only. Without the key, there is no telling.
  const now = await conversations.status(sid).then(
    (status) => (status.closedAt ? '' : `\n       now  ${describeStatus(status)}`),
    (error: unknown) => `\n       now  (can't be read: ${oneLine(error)})`,
  );
  return { text: `${describeHistory(events)}${now}`, json: { sid, events } };
}

async function doctor({ json, ...options }: DoctorOptions): Promise<Answer> {
  // Loads what a worker sends with, and the SDK's native code behind it: the other commands start faster without.
  const { diagnose } = await import('./doctor/diagnose.js');
  const sessionApiKey = options.sessionApiKey ?? (process.env.NESTED_SESSION_API_KEY || undefined);
  const findings: Finding[] = [];
  for await (const finding of diagnose({ ...options, sessionApiKey })) {
    if (!json) console.log(describeFinding(finding));
    findings.push(finding);
  }
  const problems = findings.filter(({ verdict }) => verdict === 'problem').length;
  return {
    text: problems === 0 ? 'Nothing is in the way of a start.' : `To mend: ${problems}.`,
    json: { findings },
    exitCode: problems === 0 ? 0 : exitCodes.failed,
  };
}

async function list(connect: Connect, { limit, ...filter }: ListCommandOptions): Promise<Answer> {
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError('--limit must be a whole number from 1');
  const { conversations } = await connect();
  const found: ListedConversation[] = [];
  for await (const conversation of conversations.list(filter)) {
    found.push(conversation);
    if (found.length === limit) break;
  }
  return { text: describeList(found), json: { conversations: found } };
}

async function setUp(connect: Connect): Promise<Answer> {
  const { client } = await connect();
  const registered = await registerSearchAttributes(client);
  const { namespace } = client.options;
  const text =
    registered.length > 0 ? `registered ${registered.join(', ')}` : 'nothing to register: all of it is there';
  return { text: `${text} (namespace ${namespace})`, json: { namespace, registered } };
}

async function cancel(connect: Connect, sid: string): Promise<Answer> {
  const { conversations } = await connect();
  await conversations.cancel(sid);
  return {
    text: `the start of ${sid} was asked to end: it will be cancelled, unless it has ended already`,
    json: { sid, cancelRequested: true },
  };
}
