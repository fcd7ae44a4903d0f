import { Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { defaultPayloadConverter, type Payload, type PayloadCodec } from '@temporalio/common';
import { decode } from '../codec/sdk-internals.js';
import { workflowIdOf } from '../contract/names.js';
import { canonicalUuid } from '../contract/sid.js';
import { ConversationNotFoundError } from './errors.js';

/**
 * A client that reads memos tolerantly. The SDK decodes a memo with what it belongs to, and fails at the first field
 * that it can't decode; here such a field is null.
 */
export function tolerantReader({ connection, options }: Client): Client {
  const { namespace, loadedDataConverter, interceptors } = options;
  const dataConverter = { payloadCodecs: [whatCanBeDecoded(loadedDataConverter.payloadCodecs)] };
  return new Client({ connection, namespace, dataConverter, ...(interceptors && { interceptors }) });
}

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

/** Names a run: the newest of its conversation where no run id is given. */
export interface RunReference {
  readonly sid: string;
  readonly runId?: string | undefined;
}

/**
 * A run as Temporal describes it. A UUID is looked for as it is written, and then in its canonical spelling.
 *
 * @throws {@link ConversationNotFoundError}
 */
export async function describeRun(reader: Client, { sid, runId }: RunReference): Promise<WorkflowExecutionDescription> {
  const spellings = new Set([sid, canonicalUuid(sid) ?? sid]);
  let notFound: unknown;
  for (const spelling of spellings) {
    try {
      return await reader.workflow.getHandle(workflowIdOf(spelling), runId).describe();
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      notFound = error;
    }
  }
  throw new ConversationNotFoundError({ sid, workflowId: workflowIdOf(sid), runId, cause: notFound });
}

/** The same; `undefined` where there is none. */
export function findRun(reader: Client, reference: RunReference): Promise<WorkflowExecutionDescription | undefined> {
  return describeRun(reader, reference).catch((error: unknown) => {
    if (error instanceof ConversationNotFoundError) return undefined;
    throw error;
  });
}
