import { randomUUID } from 'node:crypto';
import type { CreateNestedConversationInput } from '../contract/input.js';

/** A complete input for a new conversation. */
export function inputFor(
  apiUrl: string,
  input: Partial<CreateNestedConversationInput> = {},
): CreateNestedConversationInput & { sid: string } {
  return {
    apiUrl,
    sid: `conv-${randomUUID()}`,
    userId: 'ada',
    initialUserMsg: { content: 'Fix the build' },
    ...input,
  } as CreateNestedConversationInput & { sid: string };
}
