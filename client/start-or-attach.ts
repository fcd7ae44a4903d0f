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
import { findRun } from './describe-run.js';
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
  /** Whether the run was there already. */
  readonly attached: boolean;
  /** The state that it was attached to in: `running`, or how it had ended. Absent where a run was started. */
  readonly attachedTo?: RunState;
}

/** What a start needs to know beside its input. */
export interface Starting {
  readonly client: Client;
  /** Reads memos tolerantly. */
  readonly reader: Client;
  readonly taskQueue: string;
  readonly claimCheck: ClaimCheck | undefined;
  readonly resume: boolean;
  /** The run to go on after. @default the newest one when it is asked to resume */
  readonly resumeAfter: string | undefined;
  readonly searchAttributes: { readonly areThere: boolean; noteMissing(): void };
  /** Makes a call to Temporal, and makes it again as its caller wants it. */
  readonly ask: <T>(call: () => Promise<T>) => Promise<T>;
}

/** A run to attach to, or nothing: then the next one may start. */
type Found = StartedConversation | undefined;

/**
 * Starts the conversation, or attaches to the run that is there. Temporal's uniqueness of the workflow id is the lock.
 *
 * @throws ConversationTakenError, MessageNotSentError or StartNotComparableError where the run that is there is not the
 *   same start
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
  // Whoever resumes goes on after this run, and after no other.
  const newest = resume ? await newestRun() : undefined;
  const noted = newest && { runId: starting.resumeAfter ?? newest.runId };
  if (newest) {
    const there = await attachTo(starting, mine, newest, newest.closeTime ? noted?.runId : undefined);
    if (there) return there;
  } else if (hasLargeReplay(input)) {
    // What takes seconds to send is not sent where it turns out that nothing is to be started.
    const there = await look();
    if (there) return there;
  }
  const sent = await fitInput(input, client.options.loadedDataConverter, claimCheck);
  // The same for each attempt: one whose answer was lost has Temporal answer the next as it did the first.
  const callId = randomUUID();
  const requestId = noted ? requestIdAfter(noted.runId) : callId;
  // Without a run that may be followed, none may have begun in the meantime.
  let workflowIdReusePolicy: WorkflowOptions['workflowIdReusePolicy'] = noted ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE';
  let attempts = 0;
  const attempt = async () => {
    attempts += 1;
    // A run that has begun since the first attempt is not to be followed.
    const isOvertaken = noted && attempts > 1 && (await findRun(reader, { sid }))?.runId !== noted.runId;
    return isOvertaken ? undefined : startRun(starting, mine, sent, { callId, requestId, workflowIdReusePolicy });
  };
  for (;;) {
    const hasSearchAttributes = starting.searchAttributes.areThere;
    try {
      const runId = await ask(attempt);
      const begun = runId !== undefined && { sid, workflowId: workflowIdOf(sid), runId };
      if (begun && (!noted || (await ask(() => wasBegunBy(client, begun, callId)))))
        return { ...begun, attached: false };
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

/** The run that is there then: of this request, or of the one that it repeats. */
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
  /** What Temporal recognizes a repeated request by. */
  readonly requestId: string;
  /** What a caller recognizes its own run by. */
  readonly callId: string;
}

/** The SDK has no options for these. */
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

/** In the first event of a run: nobody reads it but {@link wasBegunBy}. */
const callHeader = 'nested-conversations-call';

async function wasBegunBy(client: Client, execution: RunIds, callId: string): Promise<boolean> {
  const { header } = await readStartedEvent(client, execution);
  const payload = header?.fields?.[callHeader];
  return payload != null && defaultPayloadConverter.fromPayload(payload) === callId;
}

/**
 * Whoever resumes the same run makes the same request, so that Temporal starts one run of it: also where that has ended
 * before the second request arrives.
 */
function requestIdAfter(runId: string): string {
  return `resume-${createHash('sha256').update(runId).digest('hex').slice(0, 32)}`;
}

/**
 * Whether a caller may have the run that is there.
 *
 * @param followed The run that may be followed by the next one, whatever it delivered.
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
    // Such a run is refused as InvalidInput: nothing is sent, and it belongs to nobody.
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
