import { Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { defaultPayloadConverter, type LoadedDataConverter, type Payload, type PayloadCodec } from '@temporalio/common';
import { decode } from '../codec/sdk-internals.js';
import { workflowIdOf, workflowType } from '../contract/names.js';
import { canonicalUuid } from '../contract/sid.js';
import { ConversationNotFoundError, ConversationTakenError } from './errors.js';

/**
 * A client that returns null for a memo field that can't be decoded. With the SDK's own client, one such field fails
 * the whole call.
 */
export function tolerantReader({ connection, options }: Client): Client {
  const { namespace, loadedDataConverter, interceptors } = options;
  const dataConverter = { payloadCodecs: [whatCanBeDecoded(loadedDataConverter)] };
  return new Client({ connection, namespace, dataConverter, ...(interceptors && { interceptors }) });
}

function whatCanBeDecoded({ payloadCodecs, payloadConverter }: LoadedDataConverter): PayloadCodec {
  const readable = async (payload: Payload): Promise<Payload> => {
    try {
      const [decoded] = await decode(payloadCodecs, [payload]);
      return defaultPayloadConverter.toPayload(payloadConverter.fromPayload(decoded as Payload)) as Payload;
    } catch {
      return defaultPayloadConverter.toPayload(null) as Payload;
    }
  };
  return {
    encode: async (payloads) => payloads,
    decode: (payloads) => Promise.all(payloads.map(readable)),
  };
}

/** Identifies a run. Without a run id, the conversation's newest run. */
export interface RunReference {
  readonly sid: string;
  readonly runId?: string | undefined;
}

/**
 * Temporal's description of a run. A UUID is looked up as written first, then in its canonical spelling.
 *
 * @throws ConversationNotFoundError, or ConversationTakenError if the run is of another workflow type
 */
export async function describeRun(reader: Client, { sid, runId }: RunReference): Promise<WorkflowExecutionDescription> {
  const spellings = new Set([sid, canonicalUuid(sid) ?? sid]);
  let notFound: unknown;
  for (const spelling of spellings) {
    try {
      const description = await reader.workflow.getHandle(workflowIdOf(spelling), runId).describe();
      // For example a workflow around ours, under our id. To wait for it could be to wait for itself.
      if (description.type !== workflowType) throw new ConversationTakenError('workflow', { sid });
      return description;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      notFound = error;
    }
  }
  throw new ConversationNotFoundError({ sid, workflowId: workflowIdOf(sid), runId, cause: notFound });
}

/** Like {@link describeRun}, but returns `undefined` if there is no run. */
export function findRun(reader: Client, reference: RunReference): Promise<WorkflowExecutionDescription | undefined> {
  return describeRun(reader, reference).catch((error: unknown) => {
    if (error instanceof ConversationNotFoundError) return undefined;
    throw error;
  });
}
