import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { searchAttributes, sidOf, workflowType } from '../contract/names.js';
import { type RunState, runStateOf } from './conversation-status.js';
import { isAboutSearchAttributes, SearchAttributesMissingError } from './search-attributes.js';
import { readStartedInput } from './started-input.js';

/** Which conversations to list. Without any field, all. */
export interface ConversationFilter {
  readonly userId?: string | undefined;
  /** The state of the run: see {@link ListedConversation.phase}. */
  readonly phase?: RunState | undefined;
  /** A server type, such as `openhands`, or a base URL. Filtered by the client, as Temporal has no index for it. */
  readonly server?: string | undefined;
}

export interface ListedConversation {
  readonly sid: string;
  readonly workflowId: string;
  readonly runId: string;
  /** For the exact phase of a `running` run, call `status`. */
  readonly phase: RunState;
  readonly startedAt: Date;
  /** Absent while it runs. */
  readonly closedAt?: Date;
  /** These three come from the run's memo. Absent if another client did not set it, or if it can't be decrypted. */
  readonly userId?: string;
  readonly apiUrl?: string;
  readonly server?: string;
}

/** The states of a run in Temporal's query language. */
const executionStatus: Readonly<Record<RunState, string>> = {
  running: 'Running',
  ready: 'Completed',
  failed: 'Failed',
  cancelled: 'Canceled',
  terminated: 'Terminated',
  'timed-out': 'TimedOut',
};

/**
 * The runs of conversations, newest first. Temporal's visibility store lags behind by a moment.
 *
 * @param reader A client that can list runs whose memo can't be decoded.
 * @throws SearchAttributesMissingError
 */
export async function* listConversations(
  client: Client,
  reader: Client,
  filter: ConversationFilter = {},
): AsyncGenerator<ListedConversation> {
  try {
    for await (const run of newestFirst(reader, filter)) {
      const { workflowId, runId, status, startTime, closeTime, memo } = run;
      const { userId, apiUrl, server } = memo ?? {};
      if (filter.server !== undefined && filter.server !== server && filter.server !== apiUrl) continue;
      if (!(await isOfUser(client, run, filter.userId))) continue;
      yield {
        sid: sidOf(workflowId) ?? workflowId,
        workflowId,
        runId,
        phase: runStateOf(status.name),
        startedAt: startTime,
        ...(closeTime && { closedAt: closeTime }),
        ...(typeof userId === 'string' && { userId }),
        ...(typeof apiUrl === 'string' && { apiUrl }),
        ...(typeof server === 'string' && { server }),
      };
    }
  } catch (error) {
    throw isAboutSearchAttributes(error) ? new SearchAttributesMissingError(client.options.namespace, error) : error;
  }
}

/**
 * Temporal lists running workflows first, by start time, and then ended ones, by end time. This merges the two lists,
 * and reads only as far as needed to know which run is next: a run that ended before another one started also started
 * before it.
 */
async function* newestFirst(
  reader: Client,
  { userId, phase }: ConversationFilter,
): AsyncGenerator<WorkflowExecutionInfo> {
  const list = (runs: string) => reader.workflow.list({ query: queryOf(userId, runs) })[Symbol.asyncIterator]();
  const wants = (state: 'running' | 'ended') => phase === undefined || (phase === 'running') === (state === 'running');
  // A paused run has a status of its own.
  const running = wants('running') ? list('CloseTime IS NULL') : none();
  const isOver = phase ? `ExecutionStatus = ${quoted(executionStatus[phase])}` : 'CloseTime IS NOT NULL';
  const ended = wants('ended') ? list(isOver) : none();

  const told = new Set<string>();
  const waiting: WorkflowExecutionInfo[] = [];
  let nextRunning = await running.next();
  let nextEnded = await ended.next();
  for (;;) {
    const newest = newestOf([...waiting, ...(nextRunning.done ? [] : [nextRunning.value])]);
    if (!nextEnded.done && !(newest && newest.startTime >= endOf(nextEnded.value))) {
      waiting.push(nextEnded.value);
      nextEnded = await ended.next();
      continue;
    }
    if (!newest) return;
    if (!nextRunning.done && newest === nextRunning.value) nextRunning = await running.next();
    else waiting.splice(waiting.indexOf(newest), 1);
    // A run that ended in the meantime is in both lists.
    if (!told.has(newest.runId)) yield newest;
    told.add(newest.runId);
  }
}

async function* none(): AsyncGenerator<WorkflowExecutionInfo> {}

function newestOf(runs: readonly WorkflowExecutionInfo[]): WorkflowExecutionInfo | undefined {
  return runs.reduce<WorkflowExecutionInfo | undefined>(
    (newest, run) => (newest && newest.startTime >= run.startTime ? newest : run),
    undefined,
  );
}

function endOf({ closeTime, startTime }: WorkflowExecutionInfo): Date {
  return closeTime ?? startTime;
}

/** Runs without the search attribute were started by other clients, for any user. See {@link isOfUser}. */
function queryOf(userId: string | undefined, runs: string): string {
  const clauses = [`WorkflowType = ${quoted(workflowType)}`, runs];
  const { userId: attribute } = searchAttributes;
  if (userId !== undefined) clauses.push(`(${ofUser(attribute, userId)} OR ${attribute} IS NULL)`);
  return clauses.join(' AND ');
}

/**
 * A dev server's SQLite treats the escape character of a quote or a backslash as part of the value, so the query
 * contains only the part of the user id before it.
 */
function ofUser(attribute: string, userId: string): string {
  const [beginning = ''] = userId.split(/["\\]/);
  if (beginning === userId) return `${attribute} = ${quoted(userId)}`;
  return beginning === '' ? `${attribute} IS NOT NULL` : `${attribute} STARTS_WITH ${quoted(beginning)}`;
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}

/** Compares the user with the run's search attribute, or if it has none, with its memo or its input. */
async function isOfUser(client: Client, run: WorkflowExecutionInfo, userId: string | undefined): Promise<boolean> {
  if (userId === undefined) return true;
  const [attribute] = run.searchAttributes[searchAttributes.userId] ?? [];
  const known = attribute ?? run.memo?.userId;
  if (typeof known === 'string') return known === userId;
  const started = await readStartedInput(client, run);
  return !('unreadable' in started) && started.userId === userId;
}
