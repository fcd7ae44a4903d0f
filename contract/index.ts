/** `nested-conversations/contract`: what all sides agree on, for programs that use Temporal's own client. */

export { describeProblems } from './describe-problems.js';
// How a run fails.
export {
  type FailureDetails,
  type FailureType,
  failureTypes,
  type InputProblem,
  type RequestDetails,
} from './failures.js';
// What a run is given, and gives back; to check an input before it is queued.
export {
  type Conversation,
  type CreateNestedConversationInput,
  type CreateNestedConversationResult,
  parseInput,
} from './input.js';
// How to start it, so that the typed client can follow.
export { type ConversationMemo, defaultTaskQueue, workflowIdOf, workflowType } from './names.js';
// What the search attribute of the phase says.
export type { ConversationPhase } from './phases.js';
