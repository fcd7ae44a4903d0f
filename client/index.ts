/** `nested-conversations/client`: for a service that starts conversations. */

// What the constructor's options and its client's data converter are made of, where that is not the environment's.
export { dataConverterFor } from '../codec/data-converter.js';
export type { EncryptionKeys } from '../codec/encryption-codec.js';
export type { PayloadStore } from '../codec/payload-store.js';
// From the environment to a client, and what can be wrong with either.
export { ConfigError } from '../config/config-error.js';
export { loadTemporalConfig, type TemporalConfig, type TemporalConnectionOptions } from '../config/temporal.js';
// What is passed in, and comes back.
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
// What `onProgress` and `status` tell, and what `list` and `history` are asked and tell.
export type { ConversationStatus, OverdueStep, Retrying, RunPhase, RunState } from './conversation-status.js';
// What a caller catches: one class for each way in which a start can end otherwise, and their common base.
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
// What the constructor takes: a `Client` of the caller's own SDK.
export type { TemporalClient } from './temporal-client.js';
// For a client that `connectClient` did not make: what it starts continues the caller's trace.
export { carryTrace } from './trace-start.js';
