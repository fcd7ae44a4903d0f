import { createHash, randomUUID } from 'node:crypto';
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  type WorkflowOptions,
} from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ClaimCheck } from '../codec/claim-check.js';
import type { Conversation, CreateNestedConversationInput } from '../contract/input.js';
import { workflowIdOf, workflowType } from '../contract/names.js';
import { startOptionsOf } from '../contract/start-options.js';
import { type RunState, runStateOf } from './conversation-status.js';
import { describeRun, findRun } from './describe-run.js';
import { ConversationTakenError, MessageNotSentError, StartNotComparableError } from './errors.js';
import { fitInput, hasLargeReplay, type SentInput } from './fit-input.js';
import type { RunIds } from './run-result.js';
import { isAboutSearchAttributes } from './search-attributes.js';
import { deliveryDifference, isOfUser, isOnServer, readStartedEvent, readStartedInput } from './started-input.js';

export interface StartedConversation {
  /** In its canonical spelling. */
  readonly sid: string;
  readonly workflowId: string;
  readonly runId: string;
  /** Whether the call attached to an existing run. */
  readonly attached: boolean;
  /** The state of the existing run: `running`, or how it ended. Absent if a run was started. */
  readonly attachedTo?: RunState;
}

/** What a start needs in addition to its input. */
export interface Starting {
  readonly client: Client;
  /** Ignores memo fields that can't be decoded. */
  readonly reader: Client;
  readonly taskQueue: string;
  readonly claimCheck: ClaimCheck | undefined;
  readonly resume: boolean;
  /** The run to resume after. @default the newest run at the time of the call */
  readonly resumeAfter: string | undefined;
  /** The same when the caller repeats its call. @default one for this call */
  readonly callId: string | undefined;
  readonly searchAttributes: { readonly areThere: boolean; noteMissing(): void };
  /** Calls Temporal, and retries as its caller wants. */
  readonly ask: <T>(call: () => Promise<T>) => Promise<T>;
}

/** A run to attach to; `undefined` if a new one may start. */
type Found = StartedConversation | undefined;

/**
 * Starts the conversation, or attaches to the existing run. Temporal's unique workflow id is the lock.
 *
 * @throws ConversationTakenError, MessageNotSentError or StartNotComparableError if the existing run is not the same
 *   start
 */
export async function startOrAttach(
  starting: Starting,
  input: CreateNestedConversationInput,
  mine: Conversation,
): Promise<StartedConversation> {
  const { ask, reader, client, claimCheck, resume } = starting;
  const { sid } = mine;
  const newestRun = () => ask(() => findRun(reader, { sid }));
  const look = async (noted?: string): Promise<Found> => {
    const run = await newestRun();
    return run && attachTo(starting, mine, run, noted);
  };
  // A resume continues after this run and after no other.
  const newest = resume ? await newestRun() : undefined;
  const noted = newest && { runId: starting.resumeAfter ?? newest.runId };
  if (newest) {
    const wasRepeated = starting.callId !== undefined && (await ask(() => wasBegunBy(client, newest, starting.callId)));
    const followed = newest.closeTime && !wasRepeated ? noted?.runId : undefined;
    const there = await attachTo(starting, mine, newest, followed);
    if (there) return there;
  } else if (hasLargeReplay(input)) {
    // A large replay takes seconds to send, so first check whether a start is needed.
    const there = await look();
    if (there) return there;
  }
  const sent = await fitInput(input, client.options.loadedDataConverter, claimCheck);
  // The ids are the same for each attempt. If an answer was lost, Temporal gives the next attempt the same answer.
  const callId = starting.callId ?? randomUUID();
  const requestId = noted ? requestIdAfter(noted.runId) : callId;
  // If there is no run to resume after, no other run may have started in the meantime.
  let workflowIdReusePolicy: WorkflowOptions['workflowIdReusePolicy'] = noted ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE';
  let attempts = 0;
  const attempt = async () => {
    attempts += 1;
    // If another run has started since the first attempt, don't start one after it.
    const isOvertaken = noted && attempts > 1 && (await findRun(reader, { sid }))?.runId !== noted.runId;
    return isOvertaken ? undefined : startRun(starting, mine, sent, { callId, requestId, workflowIdReusePolicy });
  };
  for (;;) {
    const hasSearchAttributes = starting.searchAttributes.areThere;
    try {
      const runId = await ask(attempt);
      const begun = runId !== undefined && { sid, workflowId: workflowIdOf(sid), runId };
      if (begun && (!noted || (await ask(() => wasBegunBy(client, begun, callId))))) {
        if (starting.callId !== undefined) await checkSame(starting, mine, begun);
        return { ...begun, attached: false };
      }
    } catch (error) {
      if (isAboutSearchAttributes(error) && hasSearchAttributes) {
        starting.searchAttributes.noteMissing();
        continue;
      }
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    const there = await look(noted?.runId);
    if (there) return there;
    if (!noted) workflowIdReusePolicy = 'ALLOW_DUPLICATE_FAILED_ONLY';
  }
}

/** Returns the id of the run that this request, or an earlier identical one, started. */
async function startRun(
  { client, taskQueue, searchAttributes }: Starting,
  mine: Conversation,
  sent: SentInput,
  { workflowIdReusePolicy, ...ids }: RequestIds & Pick<WorkflowOptions, 'workflowIdReusePolicy'>,
): Promise<string> {
  const { firstExecutionRunId } = await withIds(client, ids).start(workflowType, {
    ...startOptionsOf(mine, { taskQueue, searchAttributes: searchAttributes.areThere }),
    args: [sent],
    workflowIdConflictPolicy: 'FAIL',
    workflowIdReusePolicy,
  });
  return firstExecutionRunId;
}

interface RequestIds {
  /** Temporal uses it to recognize a repeated request. */
  readonly requestId: string;
  /** The caller uses it to recognize its own run. */
  readonly callId: string;
}

/** The SDK has no options for these ids. */
function withIds({ workflow }: Client, { requestId, callId }: RequestIds): Client['workflow'] {
  const { workflowService } = workflow;
  const startWorkflowExecution = ({ header, ...request }: StartRequest) => {
    const fields = { ...header?.fields, [callHeader]: defaultPayloadConverter.toPayload(callId) };
    return workflowService.startWorkflowExecution({ ...request, header: { fields }, requestId });
  };
  const service = Object.create(workflowService, { startWorkflowExecution: { value: startWorkflowExecution } });
  return Object.create(workflow, { workflowService: { value: service } });
}

type StartRequest = Parameters<Client['workflowService']['startWorkflowExecution']>[0];

/** Stored in the first event of a run. Only {@link wasBegunBy} reads it. */
const callHeader = 'nested-conversations-call';

async function wasBegunBy(
  client: Client,
  { workflowId, runId }: Pick<RunIds, 'workflowId' | 'runId'>,
  callId: string | undefined,
): Promise<boolean> {
  const { header } = await readStartedEvent(client, { workflowId, runId });
  const payload = header?.fields?.[callHeader];
  return payload != null && defaultPayloadConverter.fromPayload(payload) === callId;
}

/**
 * All callers that resume the same run use the same request id, so that Temporal starts one run for them, even if that
 * run has ended before the second request arrives.
 */
function requestIdAfter(runId: string): string {
  return `resume-${createHash('sha256').update(runId).digest('hex').slice(0, 32)}`;
}

/** Temporal compares only the id of a call. A caller may have used it for another start before. */
async function checkSame(starting: Starting, mine: Conversation, begun: RunIds): Promise<void> {
  const run = await starting.ask(() => describeRun(starting.reader, begun));
  await attachTo({ ...starting, resume: true }, mine, run, undefined);
}

/**
 * Attaches to the existing run, if the caller may.
 *
 * @param followed The run that a new one may follow, even if it delivered another message.
 */
async function attachTo(
  { client, ask, resume }: Starting,
  mine: Conversation,
  run: WorkflowExecutionDescription,
  followed: string | undefined,
): Promise<Found> {
  const { sid } = mine;
  const { workflowId, runId } = run;
  const state = runStateOf(run.status.name);
  const origin = { sid, workflowId, runId };
  const theirs = await ask(() => readStartedInput(client, { workflowId, runId }));
  if ('unreadable' in theirs) throw new StartNotComparableError(theirs.unreadable, origin);
  const isFollowed = runId === followed || (!resume && state !== 'running' && state !== 'ready');
  if (typeof theirs.userId !== 'string') {
    // Such a run fails with InvalidInput: it sends nothing and belongs to no user.
    if (isFollowed) return undefined;
    throw new StartNotComparableError('its input names no user', origin);
  }
  if (!isOfUser(theirs, mine)) throw new ConversationTakenError('user', { sid });
  if (isFollowed) return undefined;
  if (!isOnServer(theirs, mine)) throw new ConversationTakenError('server', { sid });
  const differs = deliveryDifference(theirs, mine);
  if (differs === 'unknown')
    throw new StartNotComparableError('its replay is in the payload store, without a digest', origin);
  if (differs) throw new MessageNotSentError({ differs, run: state }, origin);
  return { ...origin, attached: true, attachedTo: state };
}
