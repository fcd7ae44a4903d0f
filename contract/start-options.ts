import {
  ApplicationFailure,
  defineSearchAttributeKey,
  type SearchAttributePair,
  SearchAttributeType,
} from '@temporalio/common';
import type { CreateNestedConversationInput } from './conversation-input.js';
import { describeProblems } from './describe-problems.js';
import { failureTypes, type InputProblem } from './failures.js';
import { limits } from './limits.js';
import { type ConversationMemo, defaultTaskQueue, searchAttributes, workflowIdOf } from './names.js';
import { canonicalSid } from './sid.js';

export type { CreateNestedConversationInput };

/**
 * The options to start `createNestedConversation` with, so that the run holds the conversation's lock and can be found.
 * For `client.workflow.start` and, in a workflow, for `startChild`. No zod here, so that a workflow bundle can include
 * it.
 */

const keys = {
  conversationId: defineSearchAttributeKey(searchAttributes.conversationId, SearchAttributeType.KEYWORD),
  userId: defineSearchAttributeKey(searchAttributes.userId, SearchAttributeType.KEYWORD),
};

export interface StartOptionsSettings {
  /** The task queue of the workers that run `createNestedConversation`. @default 'nested-conversations' */
  readonly taskQueue?: string | undefined;
  /**
   * Whether to set the search attributes that `nested-conversation setup` registers. If the namespace lacks them,
   * Temporal rejects a client's start, and a parent's workflow task fails and is retried until they are registered.
   * @default false
   */
  readonly searchAttributes?: boolean | undefined;
}

/** For a client's start and for a child workflow. */
export interface ConversationStartOptions {
  readonly workflowId: string;
  readonly taskQueue: string;
  /**
   * The lock outlasts a completed run: a new run would send the message again. After a run that failed, was cancelled
   * or terminated, a new one may start.
   */
  readonly workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY';
  readonly memo: Record<string, unknown>;
  readonly staticSummary: string;
  readonly typedSearchAttributes?: SearchAttributePair[];
}

/**
 * The options to start an input with. The input itself is the run's only argument.
 *
 * @throws ApplicationFailure of type InvalidInput if a field that the options need is missing or too long. In a
 *   workflow, any other error would make the workflow task fail repeatedly, as would options that Temporal rejects.
 */
export function startOptionsOf(
  input: Pick<CreateNestedConversationInput, 'sid' | 'userId' | 'apiUrl' | 'server'>,
  settings: StartOptionsSettings = {},
): ConversationStartOptions {
  const problems = bounds.flatMap(([field, most]) => problemOf(field, input[field], most));
  if (problems.length > 0) {
    throw ApplicationFailure.nonRetryable(describeProblems(problems), failureTypes.InvalidInput, { problems });
  }
  const { userId, apiUrl, server = 'openhands' } = input;
  const sid = canonicalSid(input.sid, server);
  const memo: ConversationMemo = { userId, apiUrl, server };
  return {
    workflowId: workflowIdOf(sid),
    taskQueue: settings.taskQueue ?? defaultTaskQueue,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    memo: { ...memo },
    staticSummary: `${server} at ${apiUrl}, for ${userId}`,
    ...(settings.searchAttributes && { typedSearchAttributes: searchAttributesOf({ sid, userId }) }),
  };
}

/** The fields that the options need, with their maximum lengths in characters. */
const bounds = [
  ['sid', limits.sidCharacters],
  ['userId', limits.userIdCharacters],
  ['apiUrl', limits.apiUrlCharacters],
] as const;

function problemOf(field: string, value: unknown, most: number): InputProblem[] {
  if (typeof value !== 'string' || value === '') return [{ field, problem: 'is required, as a string' }];
  return value.length > most ? [{ field, problem: `must have at most ${most} characters` }] : [];
}

/** The search attributes to find a run by. */
export function searchAttributesOf({ sid, userId }: { sid: string; userId: string }): SearchAttributePair[] {
  return [
    { key: keys.conversationId, value: sid },
    { key: keys.userId, value: userId },
  ];
}
