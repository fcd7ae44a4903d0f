import { type Check, listOf, model, orNull, type ValidationProblem } from './validation.js';

/** Text or image content, as it is sent and stored. */
export type MessageContent = { type: 'text'; text: string } | { type: 'image'; image_urls: string[] };

/** The body of `POST …/events`, and the initial message of a create. */
export interface SendMessageRequest {
  role?: string;
  content?: MessageContent[];
  run?: boolean;
}

/** The fields of a StartConversationRequest that the stand-in reads. */
export interface StartConversationRequest {
  conversation_id?: string | null;
  agent_settings?: { tools?: { name: string }[] };
  agent?: unknown;
  agent_profile_id?: string;
  workspace: { working_dir: string };
  initial_message?: SendMessageRequest | null;
  tags?: Record<string, string>;
}

/** The server's rules for an id, in a body and in a path. */
export const uuid: Check = (input, loc) => {
  if (typeof input !== 'string') {
    return [{ type: 'uuid_type', loc, msg: 'UUID input should be a string, bytes or UUID object', input }];
  }
  if (/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(input)) return [];
  const at = input.search(/[^0-9a-f-]/i);
  const error = at < 0 ? `invalid length: found ${input.length}` : `invalid character: found \`${input[at]}\` at ${at}`;
  return [{ type: 'uuid_parsing', loc, msg: `Input should be a valid UUID, ${error}`, input, ctx: { error } }];
};

const role: Check = (input, loc) => {
  if (['user', 'system', 'assistant', 'tool'].includes(input as string)) return [];
  const expected = "'user', 'system', 'assistant' or 'tool'";
  return [{ type: 'literal_error', loc, msg: `Input should be ${expected}`, input, ctx: { expected } }];
};

/** The server's rules for a message. */
export const sendMessageRequest = model({ role, content: listOf(model({})) });

const startConversation = model({
  conversation_id: orNull(uuid),
  workspace: model({}),
  initial_message: orNull(sendMessageRequest),
});

/** The server's rules for a create. Unknown keys are ignored. */
export const startConversationRequest: Check = (input, loc) => {
  const problems = startConversation(input, loc);
  if (problems.length > 0) return problems;
  const { workspace, ...others } = input as StartConversationRequest;
  if (workspace === undefined) {
    return [{ type: 'missing', loc: [...loc, 'workspace'], msg: 'Field required', input: redactKeys(input) }];
  }
  if (others.agent === undefined && !others.agent_settings && !others.agent_profile_id) {
    return [valueError(loc, 'One of `agent`, `agent_settings`, or `agent_profile_id` must be provided', input)];
  }
  if (others.agent_settings && others.agent_profile_id) {
    return [valueError(loc, '`agent_profile_id` is mutually exclusive with `agent_settings`', input)];
  }
  return [];
};

function valueError(loc: ValidationProblem['loc'], error: string, input: unknown): ValidationProblem {
  return { type: 'value_error', loc, msg: `Value error, ${error}`, input: redactKeys(input), ctx: { error } };
}

function redactKeys(input: unknown): unknown {
  return JSON.parse(JSON.stringify(input, (key, value) => (key === 'api_key' ? '<redacted>' : value)));
}
