import type { Conversation } from '../../../contract/input.js';
import type { Dialect } from '../dialect.js';
import { excerpt, failureOfAnswer, failureOfCreate, isRefusedForNow, property, stringAt } from '../failures.js';
import type { HttpAnswer } from '../http-client.js';
import { readServerInfo } from '../server-info.js';
import { addAsked, addCreated, addDelivered, addNudged, intend } from './answers.js';
import { type AgentServerStep, conclude } from './conclude.js';
import { baseline, observe } from './read.js';
import { pathOf, requestOf } from './requests.js';
import { dependsOnVersion } from './settings.js';
import type { AgentServerState } from './state.js';
import { upgrade } from './version-1.js';

/** The OpenHands agent server, `openhands-agent-server` 1.23.1 and newer: see docs/compatibility.md. */
export const agentServer: Dialect<AgentServerState, AgentServerStep> = {
  baseline,
  observe,
  conclude,
  intend,
  upgrade,

  async send(step, server, conversation, state) {
    // Read again for each create: the server may have been replaced since the baseline.
    const info = step === 'create' && dependsOnVersion(conversation) ? await readServerInfo(server) : undefined;
    const answer = await server.send(requestOf(step, conversation, state.message, info?.version));
    if (step === 'create') {
      if (answer.status >= 300 || !isOf(conversation, answer)) throw failureOfCreate(answer);
      return addCreated(state, answer.status === 201);
    }
    // The conversation is gone. The next observation sees that.
    if (answer.status === 404) return { ...state, still: 0 };
    if (step === 'run') {
      if (answer.status === 409 && !isRefusedForNow(answer))
        return addAsked(state, `409 ${excerpt(stringAt(answer.json, 'detail'))}`);
      if (!hasSucceeded(answer)) throw failureOfAnswer(answer);
      return addAsked(state);
    }
    if (!hasSucceeded(answer) && !isSavedForLater(answer)) throw failureOfAnswer(answer);
    return step === 'nudge' ? addNudged(state) : addDelivered(state);
  },

  async stop(server, sid) {
    const answer = await server.send({ method: 'POST', path: `${pathOf(sid)}/pause` });
    if (answer.status >= 300 && answer.status !== 404) throw failureOfAnswer(answer);
  },
};

/** The server writes a UUID in canonical form, as the contract does. */
function isOf({ sid }: Conversation, { json }: HttpAnswer): boolean {
  return stringAt(json, 'id') === sid;
}

function hasSucceeded({ status, json }: HttpAnswer): boolean {
  return status < 300 && property(json, 'success') === true;
}

/** At full capacity, the server saves a message but refuses to run it. The message must not be sent again. */
function isSavedForLater({ status, json }: HttpAnswer): boolean {
  return status === 429 && /message saved|without resending/i.test(excerpt(stringAt(json, 'detail')));
}
