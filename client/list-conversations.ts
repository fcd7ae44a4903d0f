import type { Client } from '@temporalio/client';
import { searchAttributes, workflowIdOf, workflowType } from '../contract/names.js';
import { phaseOfStatus, type RunPhase } from './conversation-status.js';
import { isAboutSearchAttributes, SearchAttributesMissingError } from './search-attributes.js';

/** Which conversations to list; all where nothing is said. */
export interface ConversationFilter {
  readonly userId?: string | undefined;
  readonly phase?: RunPhase | undefined;
  /** A dialect or the base URL of a server. Sorted out here, as Temporal has no index of it. */
  readonly server?: string | undefined;
}

export interface ListedConversation {
  readonly sid: string;
  readonly workflowId: string;
  readonly runId: string;
  /** `running` where the namespace lacks the search attribute that would tell more. */
  readonly phase: RunPhase | 'running';
  readonly startedAt: Date;
  /** Absent while it runs. */
  readonly closedAt?: Date;
  /** These three as the start's memo tells; absent where another client did not set it. */
  readonly userId?: string;
  readonly apiUrl?: string;
  readonly server?: string;
}

/** How Temporal's query language calls the ends of a run. */
const endings: Partial<Record<RunPhase, string>> = {
  ready: 'Completed',
  failed: 'Failed',
  cancelled: 'Canceled',
  terminated: 'Terminated',
  'timed-out': 'TimedOut',
};

/**
 * The conversations' runs, the newest first, as Temporal's visibility store has them: a moment behind.
 * @throws {@link SearchAttributesMissingError}
 */
export async function* listConversations(
  client: Client,
  filter: ConversationFilter = {},
): AsyncGenerator<ListedConversation> {
  try {
    for await (const { workflowId, runId, status, startTime, closeTime, memo, ...info } of client.workflow.list({
      query: queryOf(filter),
    })) {
      const { userId, apiUrl, server } = memo ?? {};
      if (filter.server !== undefined && filter.server !== server && filter.server !== apiUrl) continue;
      const [phase] = (info.searchAttributes[searchAttributes.phase] ?? []) as RunPhase[];
      yield {
        sid: workflowId.replace(workflowIdOf(''), ''),
        workflowId,
        runId,
        phase: phaseOfStatus[status.name] ?? phase ?? 'running',
        startedAt: startTime,
        ...(closeTime && { closedAt: closeTime }),
        ...(typeof userId === 'string' && { userId }),
        ...(typeof apiUrl === 'string' && { apiUrl }),
        ...(typeof server === 'string' && { server }),
      };
    }
  } catch (error) {
    throw isAboutSearchAttributes(error) ? new SearchAttributesMissingError(client.options.namespace) : error;
  }
}

function queryOf({ userId, phase }: ConversationFilter): string {
  const clauses = [`WorkflowType = ${quoted(workflowType)}`];
  if (userId !== undefined) clauses.push(`${searchAttributes.userId} = ${quoted(userId)}`);
  if (phase !== undefined) {
    const ending = endings[phase];
    clauses.push(`ExecutionStatus = ${quoted(ending ?? 'Running')}`);
    if (!ending) clauses.push(`${searchAttributes.phase} = ${quoted(phase)}`);
  }
  return clauses.join(' AND ');
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
