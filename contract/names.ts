/**
 * Temporal names that clients and workers share. They are a public interface: programs in any language depend on them.
 */

/** The workflow type to start. */
export const workflowType = 'createNestedConversation';

/** The task queue that workers poll, unless `TEMPORAL_TASK_QUEUE` is set. */
export const defaultTaskQueue = 'nested-conversations';

/**
 * The workflow id of a conversation. Temporal runs at most one workflow per id at a time. This is the lock on the
 * conversation, and it can't expire while a start is running.
 */
export function workflowIdOf(sid: string): string {
  return `conversation-${sid}`;
}

/** The conversation of a workflow id. `undefined` if the id has another form. */
export function sidOf(workflowId: string): string | undefined {
  const prefix = workflowIdOf('');
  return workflowId.startsWith(prefix) ? workflowId.slice(prefix.length) : undefined;
}

/**
 * The Temporal header that carries a trace, in the name and format of the OpenTelemetry interceptors in Temporal's
 * SDKs.
 */
export const traceHeader = '_tracer-data';

/** The run's memo, which the client writes. It shows who started the run, and on which server. Contains no secrets. */
export interface ConversationMemo {
  readonly userId: string;
  readonly apiUrl: string;
  readonly server: string;
}

/**
 * Search attributes of a run, all of type keyword. `nested-conversation setup` registers them in a namespace. The
 * client sets them; the workflow updates `ConversationPhase`. They contain no secrets, since Temporal can't encrypt
 * them.
 */
export const searchAttributes = {
  conversationId: 'ConversationId',
  userId: 'UserId',
  /** See `phases.ts`. */
  phase: 'ConversationPhase',
} as const;
