import { z } from 'zod';
import { agentServerSettingsProblems } from './agent-server-settings.js';
import { baseUrlOf } from './base-url.js';
import { boundProblems } from './bounds.js';
import { parseDuration, toMilliseconds } from './duration.js';
import type { InputProblem } from './failures.js';
import { keyName } from './key-name.js';
import { limits } from './limits.js';
import { replayProblem } from './replay.js';
import { canonicalSid, canonicalUuid } from './sid.js';
import { whyUndecodable } from './unreadable.js';

/**
 * The input of the workflow: plain JSON, so that a Temporal client in any language can start it. The client and
 * `createConversation` parse it, the workflow does not: zod in the workflow bundle would cost about 0.4 MB of worker
 * memory for every waiting conversation.
 */

/** A string with a custom rule. `problemWith` returns the problem of a value, if any. */
function text(wrongType: string | undefined, problemWith: (value: string) => string | false | undefined) {
  return z.string(wrongType && { error: wrongType }).superRefine((value, context) => {
    const message = problemWith(value);
    if (message) context.addIssue({ code: 'custom', message });
  });
}

/** A Temporal duration string within bounds. It stays a string, since Temporal's options take strings. */
function duration(minimum: string, maximum: string) {
  const notADuration = `must be a duration string: write it like '${minimum}'`;
  return text(notADuration, (value) => {
    const milliseconds = parseDuration(value);
    if (milliseconds === undefined) return notADuration;
    if (milliseconds < toMilliseconds(minimum)) return `is '${value}': the minimum is '${minimum}'`;
    return milliseconds > toMilliseconds(maximum) && `is '${value}': the maximum is '${maximum}'`;
  }).meta({ description: `A duration such as '${minimum}', the minimum; the maximum is '${maximum}'` });
}

function apiUrlProblem(value: string): string | false {
  if (!URL.canParse(value)) return "is not a URL: write it like 'http://runtime-conv123:8080'";
  const url = new URL(value);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://';
  if (url.username || url.password) return 'contains credentials: pass the key as client.sessionApiKey';
  return /[?#]/.test(value) && 'must not have a query or a fragment: remove them';
}

/** The rule of OpenHands (`validate_conversation_id`), and characters that are not safe in a URL path. */
function sidProblem(value: string): string | false {
  if (value === '') return 'is empty';
  if (value.length > limits.sidCharacters) return `is longer than ${limits.sidCharacters} characters`;
  if (value === '.' || value.includes('..') || /[/\\]/.test(value)) return "must not contain '..', '/' or '\\'";
  return controlCharacterProblem(value);
}

function userIdProblem(value: string): string | false {
  if (value === '') return 'is empty';
  if (value.length > limits.userIdCharacters) return `is longer than ${limits.userIdCharacters} characters`;
  return controlCharacterProblem(value);
}

function controlCharacterProblem(value: string): string | false {
  return /\p{Cc}/u.test(value) && 'contains a control character';
}

const json = z.record(z.string(), z.unknown());

const settings = z.looseObject({
  /** MCP servers: `{ sse_servers, shttp_servers, stdio_servers }`. */
  mcpConfig: json.nullish(),
  /** `owner/name`; for agent-server also a URL. */
  repository: z.string().nullish(),
  selectedBranch: z.string().nullish(),
  /** `github`, `gitlab`, `bitbucket` or `enterprise_sso`. Not checked here: the server knows which it supports. */
  gitProvider: z.string().nullish(),
  /** Access tokens for the repository, by provider. An `openhands` server uses the tokens it has stored instead. */
  providerTokens: z
    .record(
      z.string(),
      z
        .union([z.string(), z.looseObject({ token: z.string().nullish(), host: z.string().nullish() })], {
          error: 'must be a token, or an object with one',
        })
        .nullable(),
    )
    .nullish(),
  conversationInstructions: z.string().nullish(),
  /** agent-server only: the agent, in the server's own key names, e.g. `{ llm: { model, api_key, base_url } }`. */
  agentSettings: json.nullish(),
  /** agent-server only: the workspace, in the server's own key names, e.g. `{ working_dir }`. */
  workspace: json.nullish(),
});

/** The settings of server `openhands`, which accepts no others. */
const openHandsSettings = new Set([
  'mcpConfig',
  'repository',
  'selectedBranch',
  'gitProvider',
  'providerTokens',
  'conversationInstructions',
]);

/** The input, field by field. {@link parseInput} adds the rules that involve several fields. */
export const conversation = z.strictObject({
  apiUrl: text(undefined, apiUrlProblem)
    .meta({
      description: 'Base URL of the nested server: http or https, without credentials, query and fragment',
      maxLength: limits.apiUrlCharacters,
    })
    .transform(baseUrlOf),
  sid: text(undefined, sidProblem).meta({
    description:
      "The conversation id: no '..', '/', '\\' or control characters; a UUID, in any spelling, for server 'agent-server'",
    minLength: 1,
    maxLength: limits.sidCharacters,
  }),
  userId: text(undefined, userIdProblem).meta({
    description: 'The authenticated user: no control characters',
    minLength: 1,
    maxLength: limits.userIdCharacters,
  }),
  settings: settings.default({}),
  initialUserMsg: z
    .strictObject({
      content: z.string(),
      imageUrls: z.array(z.string()).optional(),
    })
    .nullable()
    .default(null)
    .superRefine((message, context) => {
      if (message?.content === '' && !message.imageUrls?.length) {
        context.addIssue({
          code: 'custom',
          path: ['content'],
          message: 'is empty: to start without a message, leave initialUserMsg null',
        });
      }
    }),
  replayJson: text(undefined, replayProblem)
    .nullable()
    .default(null)
    .describe('Recorded events as a JSON text that begins with a message; not together with initialUserMsg'),
  client: z
    .strictObject({
      timeout: duration(limits.minimumTimeout, limits.maximumTimeout).default('60 seconds'),
      sessionApiKey: text(
        undefined,
        (key) => !/^[\x21-\x7e]+$/.test(key) && 'must be printable ASCII without spaces: it is an HTTP header',
      )
        .meta({
          description: 'Sent as X-Session-API-Key',
          pattern: '^[\\x21-\\x7e]+$',
          maxLength: limits.sessionApiKeyCharacters,
        })
        .nullish(),
    })
    .prefault({}),
  readiness: z
    .strictObject({
      interval: duration(limits.minimumInterval, limits.maximumInterval).default('2 seconds'),
      maximumAttempts: z.number().int().min(1).max(limits.maximumAttempts).default(60),
      lookTimeout: duration(limits.minimumTimeout, limits.maximumLookTimeout).default('5 seconds'),
      readyWhen: z.enum(['agent-started', 'accepting-events']).default('agent-started'),
    })
    .prefault({}),
  preparation: z
    .strictObject({
      checkoutTimeout: duration(limits.minimumJobTimeout, limits.maximumJobTimeout).default('10 minutes'),
      /** The default is the one that an `openhands` server uses for the same script. */
      setupTimeout: duration(limits.minimumJobTimeout, limits.maximumJobTimeout).default('10 minutes'),
    })
    .prefault({}),
  server: z.enum(['openhands', 'agent-server']).default('openhands'),
  onFailure: z.enum(['keep', 'stop']).default('keep'),
});

/**
 * The rules that involve several fields. They are checked even if the fields have problems, so that one answer names
 * all of them.
 */
function* crossFieldProblems(input: Partial<Conversation>): Generator<InputProblem> {
  const { server = 'openhands', sid, settings, replayJson, initialUserMsg } = input;
  const settingNames = Object.entries(typeof settings === 'object' ? (settings ?? {}) : {}).flatMap(([name, value]) =>
    value === null ? [] : [name],
  );
  if (replayJson && initialUserMsg) {
    yield {
      field: 'replayJson',
      problem: "can't be combined with initialUserMsg: a replay begins with its own message",
    };
  }
  if (server === 'openhands') {
    for (const name of settingNames.filter((name) => !openHandsSettings.has(name))) {
      yield { field: `settings.${keyName(name)}`, problem: "is not a setting of server 'openhands': remove it" };
    }
  }
  if (server === 'agent-server') {
    if (typeof sid !== 'string' || canonicalUuid(sid) === undefined) {
      yield { field: 'sid', problem: "must be a UUID for server 'agent-server'" };
    }
    if (replayJson) {
      yield {
        field: 'replayJson',
        problem: "is not supported by server 'agent-server': it resumes a conversation by its id",
      };
    }
    yield* agentServerSettingsProblems(typeof settings === 'object' ? (settings ?? {}) : {});
  }
}

export type { CreateNestedConversationInput } from './conversation-input.js';

/** The input as the activities use it: validated, with defaults. */
export type Conversation = z.output<typeof conversation>;

/** What the workflow returns. */
export interface CreateNestedConversationResult {
  readonly conversationId: string;
  /** The last status that the server reported, unchanged, e.g. `RUNNING`. */
  readonly status: string;
  /** Number of readiness checks, including the first. */
  readonly attempts: number;
}

/**
 * Validates the input. Returns it with defaults and with the sid in its canonical spelling, or returns the problems.
 * Never throws.
 */
export function parseInput(
  input: unknown,
): { readonly conversation: Conversation } | { readonly problems: readonly InputProblem[] } {
  const undecodable = whyUndecodable(input);
  if (undecodable !== undefined) return { problems: [{ field: '', problem: `can't be decoded: ${undecodable}` }] };
  const broken = boundProblems(input);
  // An input that is too large gets no further checks.
  if (broken.length > 0) return { problems: broken };
  const parsed = conversation.safeParse(input, { error: describeIssue });
  const problems = [...(parsed.error?.issues ?? []).flatMap(problemsOf), ...crossFieldProblems(input ?? {})];
  if (!parsed.success || problems.length > 0) return { problems: problems.slice(0, limits.problems) };
  const { data } = parsed;
  return { conversation: { ...data, sid: canonicalSid(data.sid, data.server) } };
}

function problemsOf(issue: z.core.$ZodIssue): InputProblem[] {
  const path = issue.path.map((key) => keyName(String(key)));
  return issue.code === 'unrecognized_keys'
    ? issue.keys.map((key) => ({ field: [...path, keyName(key)].join('.'), problem: 'is unknown: remove it' }))
    : [{ field: path.join('.'), problem: issue.message }];
}

/** The problem, worded to follow the field's name. It never includes the value, which may be a secret. */
function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? `is missing: pass ${aOrAn(issue.expected)}`
        : `must be ${aOrAn(issue.expected)}`;
    case 'too_small':
      return `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map((value) => `'${String(value)}'`).join(', ')}`;
    default:
      return undefined;
  }
}

const typeNames: Record<string, string> = {
  int: 'a whole number',
  array: 'an array',
  object: 'an object',
  record: 'an object',
};

function aOrAn(type: string): string {
  return typeNames[type] ?? `a ${type}`;
}
