import { anything, listOf, oneOf, orNull, strictModel, text } from './validation.js';

/** The body of `POST /api/conversations`. */
export interface OpenHandsCreateRequest {
  repository?: string | null;
  git_provider?: string | null;
  selected_branch?: string | null;
  initial_user_msg?: string | null;
  image_urls?: string[] | null;
  replay_json?: string | null;
  suggested_task?: unknown;
  create_microagent?: unknown;
  conversation_instructions?: string | null;
  mcp_config?: unknown;
  conversation_id?: string;
}

/** What the server demands of a create; it forbids unknown keys. */
export const openHandsCreateRequest = strictModel({
  repository: orNull(text),
  git_provider: orNull(oneOf('github', 'gitlab', 'bitbucket', 'enterprise_sso')),
  selected_branch: orNull(text),
  initial_user_msg: orNull(text),
  image_urls: orNull(listOf(text)),
  replay_json: orNull(text),
  suggested_task: anything,
  create_microagent: anything,
  conversation_instructions: orNull(text),
  mcp_config: orNull(
    strictModel({ sse_servers: listOf(anything), stdio_servers: listOf(anything), shttp_servers: listOf(anything) }),
  ),
  conversation_id: text,
});
