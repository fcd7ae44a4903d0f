import { Command, Option } from 'commander';
import { loadTemporalConfig } from '../config/temporal.js';
import { connectClient } from './connect.js';
import type { ConversationStatus } from './conversation-status.js';
import { describeStatus } from './describe-status.js';
import { errorJson, exitCodeOf, exitCodes, reportError } from './exit-codes.js';
import { NestedConversations } from './nested-conversations.js';
import { readStartInput, type StartInputOptions } from './start-input.js';

interface StartCommandOptions extends StartInputOptions {
  readonly resume?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
}

interface OutputOptions {
  readonly json?: boolean;
}

/** The command line `nested-conversation`. */
export function buildProgram(): Command {
  const program = new Command('nested-conversation')
    .description('Starts conversations in OpenHands servers through Temporal, and confirms that they are ready.')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : exitCodes.usage))
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      `
Temporal is found as the temporal CLI finds it: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY,
TEMPORAL_TLS…, or a profile; TEMPORAL_TASK_QUEUE names the workers' task queue.

Exit codes: 0 done, ${exitCodes.failed} the start failed, ${exitCodes.usage} wrong usage or input, ${exitCodes.notFound} no such conversation,
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
    .addOption(
      new Option('--session-api-key <key>', "the server's session API key; better from the environment").env(
        'NESTED_SESSION_API_KEY',
      ),
    )
    .option('--timeout <duration>', 'deadline of a request while creating (default 60 seconds)')
    .option('--interval <duration>', 'time between two looks (default 2 seconds)')
    .option('--maximum-attempts <n>', 'looks at the most (default 60)', Number)
    .option('--look-timeout <duration>', 'deadline of a look (default 5 seconds)')
    .addOption(new Option('--ready-when <test>', 'what ready means').choices(['agent-started', 'accepting-events']))
    .addOption(new Option('--on-failure <action>', 'what to do with it then').choices(['keep', 'stop']))
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
    .action((options: StartCommandOptions) => run(options, (conversations) => start(conversations, options)));

  program
    .command('status <sid>')
    .description('tell how a start comes along, or what became of it')
    .option('--json', 'print one JSON object')
    .action((sid: string, options: OutputOptions) => run(options, (conversations) => status(conversations, sid)));

  program
    .command('cancel <sid>')
    .description('end a start that is under way')
    .option('--json', 'print one JSON object')
    .action((sid: string, options: OutputOptions) => run(options, (conversations) => cancel(conversations, sid)));

  return program;
}

/** What a command has to say: to a person, and to a program. */
interface Answer {
  readonly text: string;
  readonly json: object;
}

async function run(
  { json }: OutputOptions,
  command: (conversations: NestedConversations) => Promise<Answer>,
): Promise<void> {
  try {
    const config = loadTemporalConfig();
    const client = await connectClient(config);
    try {
      const answer = await command(new NestedConversations(client, config));
      console.log(json ? JSON.stringify(answer.json) : answer.text);
    } finally {
      await client.connection.close();
    }
  } catch (error) {
    if (json) console.log(JSON.stringify(errorJson(error)));
    else reportError(error);
    process.exitCode = exitCodeOf(error);
  }
}

async function start(conversations: NestedConversations, options: StartCommandOptions): Promise<Answer> {
  const input = await readStartInput(options);
  const { resume, wait } = options;
  if (!wait) {
    const started = await conversations.start(input, { resume });
    const verb = started.attached ? 'was started already' : 'is started';
    return { text: `${started.sid} ${verb}: workflow ${started.workflowId}, run ${started.runId}`, json: started };
  }
  const onProgress = (status: ConversationStatus) => console.error(describeStatus(status));
  const result = await conversations.ensureReady(input, { resume, onProgress });
  return { text: `${result.conversationId} is ready (${result.status}) after ${looks(result.attempts)}`, json: result };
}

async function status(conversations: NestedConversations, sid: string): Promise<Answer> {
  const found = await conversations.status(sid);
  const outcome = found.closedAt ? await conversations.result(sid).catch((error: Error) => error) : undefined;
  const lines = [describeStatus(found), `       workflow ${found.workflowId}, run ${found.runId}`];
  if (outcome instanceof Error) lines.push(`       ${outcome.message}`);
  else if (outcome) lines.push(`       ${outcome.status} after ${looks(outcome.attempts)}`);
  const json = { ...found, ...(outcome instanceof Error ? errorJson(outcome) : outcome && { result: outcome }) };
  return { text: lines.join('\n'), json };
}

async function cancel(conversations: NestedConversations, sid: string): Promise<Answer> {
  await conversations.cancel(sid);
  return { text: `${sid} was asked to end`, json: { sid, cancelRequested: true } };
}

function looks(attempts: number): string {
  return attempts === 1 ? 'one look' : `${attempts} looks`;
}
