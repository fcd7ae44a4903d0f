import type { Conversation } from '../../../contract/input.js';
import type { Dialect } from '../dialect.js';
import { failureOfAnswer, failureOfCreate, isAboutConversation, property, stringAt } from '../failures.js';
import type { HttpAnswer } from '../http-client.js';
import { addAccepted, addCreated, intend } from './answers.js';
import { conclude, type OpenHandsStep } from './conclude.js';
import { baseline, observe } from './read.js';
import { bodyOf, pathOf } from './requests.js';
import type { OpenHandsState } from './state.js';
import { upgrade } from './version-1.js';

/** OpenHands' first conversation API, of `openhands-ai` 0.51 to 1.6: see docs/compatibility.md. */
export const openhands: Dialect<OpenHandsState, OpenHandsStep> = {
  baseline,
  observe,
  conclude,
  intend,
  upgrade,

  async send(step, server, conversation, state) {
    const path = step === 'create' ? '/api/conversations' : `${pathOf(conversation.sid)}/events`;
    const answer = await server.send({ method: 'POST', path, body: bodyOf(step, conversation, state.message) });
    // The conversation is gone. The next observation sees that.
    if (step !== 'create' && isAboutConversation(answer)) return state;
    if (step === 'create') {
      if (answer.status >= 300 || !isOf(conversation, answer)) throw failureOfCreate(answer);
      return addCreated(state, stringAt(answer.json, 'conversation_status') === 'STARTING');
    }
    if (answer.status >= 300 || property(answer.json, 'success') !== true) throw failureOfAnswer(answer);
    return addAccepted(step, state);
  },

  async stop(server, sid) {
    const answer = await server.send({ method: 'POST', path: `${pathOf(sid)}/stop` });
    if (answer.status >= 300 && answer.status !== 404) throw failureOfAnswer(answer);
  },
};

function isOf({ sid }: Conversation, { json }: HttpAnswer): boolean {
  return stringAt(json, 'conversation_id') === sid;
}
