/** `nested-conversations/contract`: names, types and validation for programs that use Temporal's own client. */

export { describeProblems } from './describe-problems.js';
// How a run fails.
export {
  type FailureDetails,
  type FailureType,
  failureTypes,
  type InputProblem,
  type RequestDetails,
} from './failures.js';
// The input and result of a run, and a check of the input before the start.
export {
  type Conversation,
  type CreateNestedConversationInput,
  type CreateNestedConversationResult,
  parseInput,
} from './input.js';
// Names to start a run with, so that the typed client can attach to it.
export { type ConversationMemo, defaultTaskQueue, workflowIdOf, workflowType } from './names.js';
// The values of the search attribute `ConversationPhase`.
export type { ConversationPhase } from './phases.js';
