/** The Temporal names that all sides agree on. They are a public interface: programs in any language rely on them. */

/** The workflow type to start. */
export const workflowType = 'createNestedConversation';

/** The task queue that workers poll, unless `TEMPORAL_TASK_QUEUE` says otherwise. */
export const defaultTaskQueue = 'nested-conversations';

/**
 * The workflow id of a conversation. Temporal runs at most one workflow of an id at a time: that is the lock on the
 * conversation, and it never expires under a running start.
 */
export function workflowIdOf(sid: string): string {
  return `conversation-${sid}`;
}

/** The conversation of a workflow id; `undefined` where whoever started it chose an id of another form. */
export function sidOf(workflowId: string): string | undefined {
  const prefix = workflowIdOf('');
  return workflowId.startsWith(prefix) ? workflowId.slice(prefix.length) : undefined;
}

/** The Temporal header that carries a trace: as the OpenTelemetry interceptors of Temporal's SDKs name and fill it. */
export const traceHeader = '_tracer-data';

/** What a client writes into the run's memo, so that a second caller can be told apart. Nothing secret. */
export interface ConversationMemo {
  readonly userId: string;
  readonly apiUrl: string;
  readonly server: string;
}

/**
 * Search attributes of a run, each a keyword, where the namespace has them: `nested-conversation setup` registers them.
 * The client sets them, the workflow keeps `ConversationPhase`. Nothing secret: Temporal can't encrypt them.
 */
export const searchAttributes = {
  conversationId: 'ConversationId',
  userId: 'UserId',
  /** See `phases.ts`. */
  phase: 'ConversationPhase',
} as const;
