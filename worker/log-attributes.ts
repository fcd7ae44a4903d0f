import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Activities, CheckConversationReadyInput, CreateConversationInput } from '../activities/interface.js';
import { limits } from '../contract/limits.js';
import { printableSid } from '../contract/printing/printable-sid.js';

/** Adds the conversation id to each of an activity's log lines, and removes attributes that nobody needs. */
export const logAttributes: ActivityInterceptorsFactory = ({ info }) => {
  let conversationId: string | undefined;
  return {
    inbound: {
      execute(input, next) {
        const sid = sidOf(input.args as Parameters<Activities[keyof Activities]>);
        conversationId = sid && printableSid(sid, info.workflowExecution?.workflowId);
        return next(input);
      },
    },
    outbound: {
      getLogAttributes(attributes, next) {
        const { taskToken, isLocal, ...others } = next(attributes);
        return { ...others, ...(conversationId !== undefined && { conversationId }) };
      },
    },
  };
};

/** The sid in an input that may not be validated yet. */
function sidOf([input]: Partial<Parameters<Activities[keyof Activities]>>): string | undefined {
  const { goal, input: unchecked } = (input ?? {}) as Partial<CheckConversationReadyInput & CreateConversationInput>;
  const { sid } = (goal ?? unchecked ?? {}) as { readonly sid?: unknown };
  return typeof sid === 'string' ? sid.slice(0, limits.sidCharacters) : undefined;
}
