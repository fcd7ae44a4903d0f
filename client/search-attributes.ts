import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import proto from '@temporalio/proto';
import { searchAttributes } from '../contract/names.js';
import { NestedConversationError } from '../contract/nested-conversation-error.js';
import { sdkClient, type TemporalClient } from './temporal-client.js';

const grpcInvalidArgument = 3;
const grpcNotFound = 5;
const { INDEXED_VALUE_TYPE_KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;

/** The search attributes that a client sets. Only clients before version 0.2 set `ConversationPhase`. */
const registered = [searchAttributes.conversationId, searchAttributes.userId];

/** Thrown when a call needs search attributes that the namespace does not have. */
export class SearchAttributesMissingError extends NestedConversationError<{ readonly namespace: string }> {
  constructor(namespace: string, cause?: unknown) {
    const message = `Namespace '${namespace}' lacks our search attributes: register them with npx nested-conversation setup`;
    super(message, { namespace }, { cause });
  }
}

/** Whether Temporal rejected a call because the namespace does not have the search attributes. */
export function isAboutSearchAttributes(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && cause.code === grpcInvalidArgument && /search attribute/i.test(cause.message);
}

/** Matches no run. Temporal rejects it if the namespace lacks a search attribute or does not know it yet. */
export const searchAttributesQuery = registered.map((name) => `${name} = ''`).join(' OR ');

/** New search attributes are usable after the server has reloaded its list, which takes some seconds. */
const usableWithinMs = 60_000;

/**
 * Registers the search attributes in the client's namespace, and returns when they are usable. Safe to run again.
 *
 * @returns The names of the search attributes that were missing.
 * @throws NamespaceNotFoundError if there is no such namespace
 * @throws ServiceError if Temporal does not answer, or does not permit the registration
 * @throws Error if a search attribute exists with another type
 */
export async function registerSearchAttributes(client: TemporalClient): Promise<string[]> {
  const { connection, options, workflow } = sdkClient(client);
  const { namespace } = options;
  const { customAttributes } = await connection.operatorService
    .listSearchAttributes({ namespace })
    .catch(rethrowAsClient(namespace));
  const missing = registered.filter((name) => {
    const type = customAttributes[name];
    if (type != null && type !== INDEXED_VALUE_TYPE_KEYWORD) {
      throw new Error(`Search attribute ${name} of namespace '${namespace}' must be a keyword, but has another type`);
    }
    return type == null;
  });
  if (missing.length === 0) return [];
  await connection.operatorService
    .addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD])),
    })
    .catch(rethrowAsClient(namespace));
  for (const deadline = Date.now() + usableWithinMs; ; await sleep(200)) {
    try {
      await workflow.count(searchAttributesQuery);
      return missing;
    } catch (error) {
      if (!isAboutSearchAttributes(error) || Date.now() > deadline) throw error;
    }
  }
}

/** Converts gRPC errors to the error classes of the SDK's clients. */
function rethrowAsClient(namespace: string) {
  return (error: unknown): never => {
    if (!isGrpcServiceError(error)) throw error;
    if (error.code === grpcNotFound) throw new NamespaceNotFoundError(namespace);
    throw new ServiceError("Search attributes can't be registered", { cause: error });
  };
}
