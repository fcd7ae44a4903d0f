import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { decode } from '../../codec/sdk-internals.js';
import { loadEncryptionKeys } from '../../config/encryption-keys.js';
import { isLoopback, type TemporalConfig } from '../../config/temporal.js';
import { workflowType } from '../../contract/names.js';
import { oneLine } from '../../contract/printing/one-line.js';
import { ok, problem, type Verdict, warning } from './check.js';

export function checkEncryption({ connectionOptions: { address } }: TemporalConfig): Verdict {
  const [active, ...others] = loadEncryptionKeys().keys();
  if (active) return ok(`with key '${active}'${others.length > 0 ? `; ${quoteAll(others)} can also decrypt` : ''}`);
  if (isLoopback(address)) return ok('none: Temporal is on this machine');
  return warning(
    'none, because ALLOW_PLAINTEXT_PAYLOADS is set: anyone who can read Temporal can read session keys and messages',
    'set PAYLOAD_ENCRYPTION_KEYS for clients and workers: docs/payloads.md',
  );
}

/** Decodes the input of the newest run, as a worker does. */
export async function checkNewestStart(client: Client): Promise<Verdict> {
  const { workflowService, options } = client;
  const { namespace, loadedDataConverter } = options;
  // The SDK's own list decodes memos, and its error does not say which run could not be decoded.
  const query = `WorkflowType = '${workflowType}'`;
  const { executions } = await workflowService.listWorkflowExecutions({ namespace, query, pageSize: 1 });
  const [execution] = executions.map((info) => info.execution);
  if (!execution) return ok('no conversation has been started yet');
  const { history } = await workflowService.getWorkflowExecutionHistory({ namespace, execution, maximumPageSize: 1 });
  const input = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  try {
    await decode(loadedDataConverter.payloadCodecs, input);
  } catch (error) {
    return problem(
      `${execution.workflowId} can't be read: ${oneLine(error)}`,
      'give clients and workers the same PAYLOAD_ENCRYPTION_KEYS: docs/payloads.md',
    );
  }
  const isEncrypted = input.some(({ metadata }) => metadata?.['encryption-key-id']);
  if (isEncrypted || loadEncryptionKeys().size === 0) return ok(`${execution.workflowId} can be read`);
  return warning(
    `${execution.workflowId} is not encrypted, although keys are set here`,
    'give its client the keys as well: docs/payloads.md',
  );
}

/** Reads an object that does not exist. A check that writes would leave an object in the store. */
export async function checkPayloadStore({ payloadStore }: TemporalConfig, signal: AbortSignal): Promise<Verdict> {
  if (!payloadStore) return ok('none (PAYLOAD_STORE): a replay that is too large for Temporal is refused');
  try {
    await payloadStore.read(randomUUID(), signal);
    return ok(`${payloadStore.url} can be read`);
  } catch (error) {
    // S3 also answers this for a missing object, if the caller may not list the bucket.
    if ((error as Error).name === 'AccessDenied') {
      return warning(
        `${payloadStore.url} answers AccessDenied for an object that does not exist`,
        'allow s3:ListBucket, so that a missing object can be told from a forbidden one',
      );
    }
    return problem(`${payloadStore.url} can't be read: ${oneLine(error)}`, 'correct PAYLOAD_STORE, or its credentials');
  }
}

function quoteAll(ids: readonly string[]): string {
  return ids.map((id) => `'${id}'`).join(', ');
}
