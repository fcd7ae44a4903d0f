/** `nested-conversations/workflows`, and the exports of the workflow bundle: one function for each workflow type. */
export { createNestedConversation } from './create-nested-conversation.js';
