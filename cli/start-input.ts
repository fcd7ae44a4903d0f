import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { InvalidInputError } from '../client/errors.js';
import type { InputProblem } from '../contract/failures.js';
import { type CreateNestedConversationInput, parseInput } from '../contract/input.js';

/** The content of `--input`, not validated. */
type BaseInput = Record<string, unknown> & { readonly client?: { readonly sessionApiKey?: string } | null };

/** The options of `nested-conversation start` that make up the workflow's input. */
export interface StartInputOptions {
  readonly input?: string;
  readonly apiUrl?: string;
  readonly sid?: string;
  readonly userId?: string;
  readonly server?: string;
  readonly message?: string;
  readonly imageUrl?: string[];
  readonly replayFile?: string;
  readonly repository?: string;
  readonly branch?: string;
  readonly gitProvider?: string;
  readonly instructions?: string;
  readonly sessionApiKey?: string;
  readonly requestTimeout?: string;
  readonly interval?: string;
  readonly maximumAttempts?: number | string;
  readonly lookTimeout?: string;
  readonly readyWhen?: string;
  readonly onFailure?: string;
}

/**
 * The input that the options describe. Other options take precedence over `--input`. If neither has a session key,
 * `NESTED_SESSION_API_KEY` is used.
 *
 * @throws {@link InvalidInputError}
 */
export async function readStartInput(
  options: StartInputOptions,
  env: NodeJS.ProcessEnv,
): Promise<CreateNestedConversationInput> {
  const base: BaseInput = options.input === undefined ? {} : await readJson(options.input);
  const { message, imageUrl, replayFile } = options;
  const given = {
    apiUrl: options.apiUrl,
    sid: options.sid,
    userId: options.userId,
    server: options.server,
    onFailure: options.onFailure,
    ...((message !== undefined || imageUrl) && {
      initialUserMsg: withoutUndefined({ content: message ?? '', imageUrls: imageUrl }),
    }),
    ...(replayFile !== undefined && { replayJson: await readText(replayFile) }),
  };
  const groups = {
    settings: {
      repository: options.repository,
      selectedBranch: options.branch,
      gitProvider: options.gitProvider,
      conversationInstructions: options.instructions,
    },
    client: {
      timeout: options.requestTimeout,
      sessionApiKey: options.sessionApiKey ?? base.client?.sessionApiKey ?? (env.NESTED_SESSION_API_KEY || undefined),
    },
    readiness: {
      interval: options.interval,
      maximumAttempts: options.maximumAttempts,
      lookTimeout: options.lookTimeout,
      readyWhen: options.readyWhen,
    },
  };
  const input: Record<string, unknown> = { ...base, ...withoutUndefined(given) };
  for (const [name, group] of Object.entries(groups)) {
    const values = withoutUndefined(group);
    if (Object.keys(values).length > 0) input[name] = { ...(base[name] as object | undefined), ...values };
  }
  const parsed = parseInput(input);
  if ('problems' in parsed) throw InvalidInputError.of(parsed.problems.map((problem) => withFlag(problem, options)));
  return input as unknown as CreateNestedConversationInput;
}

/** The option for each field. */
const flags: Readonly<Record<string, readonly [flag: string, option: keyof StartInputOptions]>> = {
  apiUrl: ['--api-url', 'apiUrl'],
  sid: ['--sid', 'sid'],
  userId: ['--user-id', 'userId'],
  server: ['--server', 'server'],
  onFailure: ['--on-failure', 'onFailure'],
  'initialUserMsg.content': ['--message', 'message'],
  'initialUserMsg.imageUrls': ['--image-url', 'imageUrl'],
  replayJson: ['--replay-file', 'replayFile'],
  'settings.repository': ['--repository', 'repository'],
  'settings.selectedBranch': ['--branch', 'branch'],
  'settings.gitProvider': ['--git-provider', 'gitProvider'],
  'settings.conversationInstructions': ['--instructions', 'instructions'],
  'client.timeout': ['--request-timeout', 'requestTimeout'],
  'client.sessionApiKey': ['--session-api-key', 'sessionApiKey'],
  'readiness.interval': ['--interval', 'interval'],
  'readiness.maximumAttempts': ['--maximum-attempts', 'maximumAttempts'],
  'readiness.lookTimeout': ['--look-timeout', 'lookTimeout'],
  'readiness.readyWhen': ['--ready-when', 'readyWhen'],
};

/** Names the problem's option instead of the field, unless `--input` contains the field. */
function withFlag({ field, problem }: InputProblem, options: StartInputOptions): InputProblem {
  const [flag, option] = flags[field.replace(/\.\d+$/, '')] ?? [];
  const isGiven = option !== undefined && options[option] !== undefined;
  return flag !== undefined && (isGiven || options.input === undefined) ? { field: flag, problem } : { field, problem };
}

function withoutUndefined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

async function readJson(file: string): Promise<BaseInput> {
  const source = file === '-' ? 'standard input' : file;
  let value: unknown;
  try {
    value = JSON.parse(await readText(file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw InvalidInputError.of([{ field: '--input', problem: `(${source}) is not JSON` }]);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw InvalidInputError.of([{ field: '--input', problem: `(${source}) must contain a JSON object` }]);
  }
  return value as BaseInput;
}

async function readText(file: string): Promise<string> {
  try {
    const read = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
    // Some editors put a byte order mark, which is not JSON, at the start of a file.
    return read.replace(/^\ufeff/, '');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw InvalidInputError.of([{ field: file, problem: `can't be read: ${reason}` }]);
  }
}
