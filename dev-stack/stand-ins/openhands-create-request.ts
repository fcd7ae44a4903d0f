import { anything, type Check, listOf, oneOf, orNull, strictModel, text } from './validation.js';
import type { Version } from './version.js';

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

/** The rules of this version for a create. Unknown keys are refused. */
export function openHandsCreateRequest(version: Version): Check {
  const fields = {
    repository: orNull(text),
    git_provider: orNull(oneOf(...gitProviders(version))),
    selected_branch: orNull(text),
    initial_user_msg: orNull(text),
    image_urls: orNull(listOf(text)),
    replay_json: orNull(text),
    suggested_task: anything,
    create_microagent: anything,
    conversation_instructions: orNull(text),
    conversation_id: text,
  };
  return strictModel(version.isBefore('0.52.1') ? fields : { ...fields, mcp_config: mcpConfig });
}

function gitProviders(version: Version): string[] {
  if (version.isBefore('0.52.0')) return ['github', 'gitlab', 'bitbucket'];
  if (version.isBefore('1.6.0')) return ['github', 'gitlab', 'bitbucket', 'enterprise_sso'];
  return ['github', 'gitlab', 'bitbucket', 'bitbucket_data_center', 'forgejo', 'azure_devops', 'enterprise_sso'];
}

const mcpConfig = orNull(
  strictModel({ sse_servers: listOf(anything), stdio_servers: listOf(anything), shttp_servers: listOf(anything) }),
);
