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
 * How a run of `createNestedConversation` is started, so that it holds the conversation's lock and everybody finds it.
 * For `client.workflow.start` and, in a workflow, for `startChild`: no zod here, so that a workflow bundle can hold it.
 */

const keys = {
  conversationId: defineSearchAttributeKey(searchAttributes.conversationId, SearchAttributeType.KEYWORD),
  userId: defineSearchAttributeKey(searchAttributes.userId, SearchAttributeType.KEYWORD),
};

export interface StartOptionsSettings {
  /** The task queue of the workers that run `createNestedConversation`. @default 'nested-conversations' */
  readonly taskQueue?: string | undefined;
  /**
   * Whether the namespace has the search attributes that `nested-conversation setup` registers. Without them, a client's
   * start is refused, and a parent's workflow task fails and is retried until they are registered. @default false
   */
  readonly searchAttributes?: boolean | undefined;
}

/** Fits the options of a client's start and of a child workflow alike. */
export interface ConversationStartOptions {
  readonly workflowId: string;
  readonly taskQueue: string;
  /**
   * The lock does not end with the run: after one that completed, no other begins, since it would send its message again.
   * After one that failed, was cancelled or terminated, one does.
   */
  readonly workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY';
  readonly memo: Record<string, unknown>;
  readonly staticSummary: string;
  readonly typedSearchAttributes?: SearchAttributePair[];
}

/**
 * The options that an input is started with; the input itself is the run's only argument.
 *
 * @throws ApplicationFailure of type InvalidInput where a field that the options are made of is missing or too long. In a
 *   workflow any other error, and options that Temporal refuses, would have its task fail again and again.
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

/** The fields that the options are made of, and how many characters each may have. */
const bounds = [
  ['sid', limits.sidCharacters],
  ['userId', limits.userIdCharacters],
  ['apiUrl', limits.apiUrlCharacters],
] as const;

function problemOf(field: string, value: unknown, most: number): InputProblem[] {
  if (typeof value !== 'string' || value === '') return [{ field, problem: 'is required, as a text' }];
  return value.length > most ? [{ field, problem: `must have at most ${most} characters` }] : [];
}

/** What a run is found by in lists. */
export function searchAttributesOf({ sid, userId }: { sid: string; userId: string }): SearchAttributePair[] {
  return [
    { key: keys.conversationId, value: sid },
    { key: keys.userId, value: userId },
  ];
}
