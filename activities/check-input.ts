import type { ApplicationFailure } from '@temporalio/common';
import { describeProblems } from '../contract/describe-problems.js';
import type { InputProblem } from '../contract/failures.js';
import { type Conversation, parseInput } from '../contract/input.js';
import { failure } from './nested-server/failures.js';

/** Checks the input against the contract. The workflow can't do this: zod must stay out of the workflow bundle. */
export function checkInput(input: unknown): Conversation {
  const parsed = parseInput(input);
  if ('conversation' in parsed) return parsed.conversation;
  throw invalidInput(parsed.problems);
}

export function invalidInput(problems: readonly InputProblem[]): ApplicationFailure {
  return failure('InvalidInput', describeProblems(problems), { problems });
}
