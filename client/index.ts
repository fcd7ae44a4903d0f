/** `nested-conversations/client`: for a service that starts conversations. */

// For a client whose settings do not come from the environment: its data converter and the constructor's options.
export { dataConverterFor } from '../codec/data-converter.js';
export type { EncryptionKeys } from '../codec/encryption-codec.js';
export type { PayloadStore } from '../codec/payload-store.js';
// A client configured from the environment, and its errors.
export { ConfigError } from '../config/config-error.js';
export { loadTemporalConfig, type TemporalConfig, type TemporalConnectionOptions } from '../config/temporal.js';
// Inputs and results.
export type {
  ConversationSettings,
  CreateNestedConversationInput,
  InitialUserMessage,
  NestedClientSettings,
  ReadinessSettings,
} from '../contract/conversation-input.js';
export type { DurationString } from '../contract/duration-string.js';
export type { FailureDetails, FailureType, InputProblem, RequestDetails } from '../contract/failures.js';
export type { CreateNestedConversationResult } from '../contract/input.js';
export { type ErrorOrigin, NestedConversationError } from '../contract/nested-conversation-error.js';
export { connectClient, TemporalUnreachableError } from './connect.js';
// The types of `onProgress`, `status`, `list` and `history`.
export type { ConversationStatus, OverdueStep, Paused, Retrying, RunPhase, RunState } from './conversation-status.js';
// The errors: one class for each way a start can fail, and their base classes.
export {
  type AbortedHow,
  ConversationAbortedError,
  ConversationError,
  ConversationFailedError,
  ConversationNotFoundError,
  ConversationNotReadyError,
  ConversationRejectedError,
  ConversationTakenError,
  InvalidInputError,
  type MessageNotSentDetails,
  MessageNotSentError,
  NestedServerUnavailableError,
  StartNotComparableError,
  type TakenBy,
  UnauthorizedError,
  UnknownFailureError,
  type WaitTimeoutDetails,
  WaitTimeoutError,
} from './errors.js';
export type { ConversationFilter, ListedConversation } from './list-conversations.js';
export {
  type CancelledConversation,
  type EnsuredConversation,
  type EnsureReadyOptions,
  NestedConversations,
  type NestedConversationsOptions,
  type ReadyConversation,
  type StartOptions,
  type WaitOptions,
} from './nested-conversations.js';
export { registerSearchAttributes, SearchAttributesMissingError } from './search-attributes.js';
export type { StartedConversation } from './start-or-attach.js';
export type { HistoryLine } from './tell-history.js';
// The constructor's argument: a `Client` from the caller's SDK.
export type { TemporalClient } from './temporal-client.js';
// For a client that `connectClient` did not create: makes the workflows that it starts continue the caller's trace.
export { carryTrace } from './trace-start.js';
