/**
 * An event as returned by `GET …/events`. Actions have `action` and `args`, observations `observation` and `extras`.
 */
export interface OpenHandsEvent {
  id: number;
  timestamp: string;
  source: 'agent' | 'user' | 'environment';
  message: string;
  cause?: number;
  action?: string;
  args?: Record<string, unknown>;
  observation?: string;
  content?: string;
  extras?: Record<string, unknown>;
  llm_metrics?: Record<string, unknown>;
}

/** An event before the stream has given it an id and a time. */
export type NewEvent = Omit<OpenHandsEvent, 'id' | 'timestamp'>;

export function agentStateChanged(agentState: string, reason: string | null = ''): NewEvent {
  return {
    source: 'environment',
    message: '',
    observation: 'agent_state_changed',
    content: '',
    extras: { agent_state: agentState, reason },
  };
}

export function changeAgentState(source: NewEvent['source'], agentState: string): NewEvent {
  return {
    source,
    message: `Agent state changed to ${agentState}`,
    action: 'change_agent_state',
    args: { agent_state: agentState, thought: '' },
  };
}

export function systemMessage(version = '0.55.0'): NewEvent {
  const content = 'You are OpenHands agent, a helpful AI assistant that can interact with a computer to solve tasks.';
  return {
    source: 'agent',
    message: content,
    action: 'system',
    args: { content, tools: [], openhands_version: version, agent_class: 'CodeActAgent' },
  };
}

export function userMessage(content: string, imageUrls: string[] | null): NewEvent {
  return {
    source: 'user',
    message: content,
    action: 'message',
    args: { content, file_urls: null, image_urls: imageUrls, wait_for_response: false, security_risk: -1 },
  };
}

export function agentMessage(content: string): NewEvent {
  return {
    source: 'agent',
    message: content,
    action: 'message',
    llm_metrics: modelCosts,
    args: { content, file_urls: null, image_urls: null, wait_for_response: true, security_risk: -1 },
  };
}

export function runAction(command: string): NewEvent {
  return {
    source: 'agent',
    message: `Running command: ${command}`,
    action: 'run',
    llm_metrics: modelCosts,
    args: { command, is_input: false, thought: '', blocking: false, hidden: false, confirmation_state: 'confirmed' },
  };
}

export function runObservation(cause: number, command: string): NewEvent {
  return {
    source: 'agent',
    message: `Command \`${command}\` executed with exit code 0.`,
    cause,
    observation: 'run',
    content: 'Done.',
    extras: { command, metadata: { exit_code: 0 }, hidden: false },
  };
}

/** A browser's view. Its screenshot makes it `bytes` large. */
export function browseObservation(bytes: number): NewEvent {
  return {
    source: 'agent',
    message: 'Visited http://localhost',
    observation: 'browse',
    content: '',
    extras: { url: 'http://localhost', screenshot: `data:image/png;base64,${'A'.repeat(bytes)}`, error: false },
  };
}

const modelCosts = {
  accumulated_cost: 2.5e-5,
  max_budget_per_task: null,
  accumulated_token_usage: { model: 'default', prompt_tokens: 2, completion_tokens: 2 },
  costs: [],
  response_latencies: [],
  token_usages: [],
};

export type RecallType = 'workspace_context' | 'knowledge';

export function recallAction(query: string, recallType: RecallType): NewEvent {
  return {
    source: 'user',
    message: `Retrieving content for: ${query.slice(0, 50)}`,
    action: 'recall',
    args: { recall_type: recallType, query, thought: '' },
  };
}

export function recallObservation(cause: number): NewEvent {
  return {
    source: 'environment',
    message: 'Added workspace context',
    cause,
    observation: 'recall',
    content: 'Added workspace context',
    extras: {
      recall_type: 'workspace_context',
      repo_name: '',
      repo_directory: '',
      repo_branch: '',
      repo_instructions: '',
      runtime_hosts: {},
      additional_agent_instructions: '',
      date: '2026-11-22',
      custom_secrets_descriptions: {},
      conversation_instructions: '',
      working_dir: '/workspace',
      microagent_knowledge: [],
    },
  };
}

export function nullObservation(source: NewEvent['source'], cause: number | undefined): NewEvent {
  return {
    source,
    message: 'No observation',
    ...(cause !== undefined && { cause }),
    observation: 'null',
    content: '',
    extras: {},
  };
}
