import { Client } from '@temporalio/client';
import { defaultPayloadConverter, type Payload, type PayloadCodec } from '@temporalio/common';
import { decode } from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
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
  /** These three as the start's memo tells; absent where another client did not set it, or its key is not here. */
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
  const { connection, options } = client;
  const { namespace, loadedDataConverter } = options;
  // The client decodes memos as it lists, and would end the list at the first that it can't.
  const dataConverter = { payloadCodecs: [whatCanBeDecoded(loadedDataConverter.payloadCodecs)] };
  const lister = new Client({ connection, namespace, dataConverter });
  try {
    for await (const { workflowId, runId, status, startTime, closeTime, memo, ...info } of lister.workflow.list({
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
    throw isAboutSearchAttributes(error) ? new SearchAttributesMissingError(namespace) : error;
  }
}

/** Decodes as the codecs do, and makes null of what can't be read then, e.g. for want of its key. */
function whatCanBeDecoded(codecs: PayloadCodec[]): PayloadCodec {
  const readable = async (payload: Payload): Promise<Payload> => {
    try {
      const [decoded] = await decode(codecs, [payload]);
      return defaultPayloadConverter.toPayload(defaultPayloadConverter.fromPayload(decoded as Payload)) as Payload;
    } catch {
      return defaultPayloadConverter.toPayload(null) as Payload;
    }
  };
  return {
    encode: async (payloads) => payloads,
    decode: (payloads) => Promise.all(payloads.map(readable)),
  };
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
