import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Activities, CheckConversationReadyInput, CreateConversationInput } from '../activities/interface.js';
import { limits } from '../contract/limits.js';
import { printableSid } from '../contract/printing/printable-sid.js';

/** Adds to each log line of an activity the conversation that it is about, and takes off what tells nobody anything. */
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

/** Of an input that may be unchecked yet. */
function sidOf([input]: Partial<Parameters<Activities[keyof Activities]>>): string | undefined {
  const { goal, input: unchecked } = (input ?? {}) as Partial<CheckConversationReadyInput & CreateConversationInput>;
  const { sid } = (goal ?? unchecked ?? {}) as { readonly sid?: unknown };
  return typeof sid === 'string' ? sid.slice(0, limits.sidCharacters) : undefined;
}
