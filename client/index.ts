/** `nested-conversations/client`: for a service that starts conversations. */

// What the constructor's options and its client's data converter are made of, where that is not the environment's.
export { dataConverterFor } from '../codec/data-converter.js';
export type { EncryptionKeys } from '../codec/encryption-codec.js';
export type { PayloadStore } from '../codec/payload-store.js';
// From the environment to a client, and what can be wrong with either.
export { ConfigError } from '../config/config-error.js';
export { loadTemporalConfig, type TemporalConfig } from '../config/temporal.js';
export { connectClient, TemporalUnreachableError } from './connect.js';
// What `onProgress` and `status` tell, and what `list` is asked and tells.
export type { ConversationStatus, RunPhase } from './conversation-status.js';
// What a caller catches: one class for each failure type, and their common base.
export {
  ConversationAbortedError,
  ConversationError,
  ConversationFailedError,
  ConversationNotFoundError,
  ConversationNotReadyError,
  ConversationRejectedError,
  ConversationTakenError,
  InvalidInputError,
  NestedServerUnavailableError,
  UnauthorizedError,
} from './errors.js';
export type { ConversationFilter, ListedConversation } from './list-conversations.js';
export {
  type EnsureReadyOptions,
  NestedConversations,
  type NestedConversationsOptions,
  type StartedConversation,
  type StartOptions,
} from './nested-conversations.js';
export { registerSearchAttributes, SearchAttributesMissingError } from './search-attributes.js';
// For a client that `connectClient` did not make: what it starts continues the caller's trace.
export { carryTrace } from './trace-start.js';
