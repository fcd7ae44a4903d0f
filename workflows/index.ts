/** `nested-conversations/workflows`, and what the workflow bundle exports: one function for each workflow type. */
export { createNestedConversation } from './create-nested-conversation.js';
