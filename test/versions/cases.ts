import assert from 'node:assert/strict';
import { creates, ready, type Situation } from './situation.js';
import { TriedServer } from './tried-server.js';

/** A situation to test on a server. */
export interface Case<Server extends TriedServer = TriedServer> {
  /** The column in the table. */
  readonly name: string;
  /** Returns the outcome if it is the right one. */
  run(situation: Situation<Server>): Promise<string>;
}

/** The cases for both generations. */
export const cases: readonly Case[] = [
  {
    name: 'a message',
    async run(situation) {
      const attempt = situation.attempt();
      const outcome = situation.begin(attempt);
      await outcome;
      assert.equal(situation.proxy.count(creates), 1);
      return situation.heardOnce(attempt, outcome);
    },
  },
  {
    name: 'no message',
    async run(situation) {
      const { sid, input } = situation.attempt({ initialUserMsg: null });
      assert.equal((await situation.conversations.ensureReady(input)).conversationId, sid);
      assert.equal(situation.proxy.count(creates), 1);
      assert.deepEqual(await situation.server.messages(sid), []);
      return ready;
    },
  },
  {
    name: 'the answer to the create is lost',
    async run(situation) {
      const attempt = situation.attempt();
      const lost = situation.proxy.loseAnswer(creates);
      const outcome = situation.begin(attempt);
      await situation.before(outcome, lost);
      return situation.heardOnce(attempt, outcome);
    },
  },
  restartAfterCreate('SIGTERM'),
  restartAfterCreate('SIGKILL'),
  {
    name: 'the create is rejected',
    async run(situation) {
      const { input, accept } = await situation.server.refuseCreates();
      try {
        const outcome = situation.begin(situation.attempt(input));
        return await situation.fails(
          outcome,
          'ConversationRejected',
          /Settings not found|Field required|missing 1 required/,
        );
      } finally {
        await accept();
      }
    },
  },
  {
    name: 'wrong session key',
    async run(situation) {
      const client = { sessionApiKey: `not-${TriedServer.sessionApiKey}` };
      return situation.fails(situation.begin(situation.attempt({ client })), 'Unauthorized', /./);
    },
  },
  {
    name: 'the model rejects its key',
    async run(situation) {
      const attempt = situation.attempt();
      situation.model.refuseKey(attempt.content);
      // Nothing may find the agent working before it has failed.
      const answered = situation.proxy.holdAfter(creates);
      const outcome = situation.begin(attempt);
      await situation.before(outcome, answered);
      await situation.server.untilAgentIs(attempt.sid, 'failed');
      situation.proxy.restore();
      return situation.fails(outcome, 'ConversationFailed', /API key|ERROR_LLM_AUTHENTICATION/);
    },
  },
  {
    name: 'joined while idle, and the answer to the delivery is lost',
    async run(situation) {
      const earlier = situation.attempt();
      await situation.server.create(earlier.sid, earlier.content);
      await situation.server.untilAgentIs(earlier.sid, 'resting');
      const attempt = situation.attempt({ sid: earlier.sid });
      const lost = situation.proxy.loseAnswer({ method: 'POST', path: situation.server.eventsOf(attempt.sid) });
      const outcome = situation.begin(attempt);
      await situation.before(outcome, lost);
      return situation.heardOnce(attempt, outcome);
    },
  },
  {
    name: 'joined after a turn that failed',
    async run(situation) {
      const earlier = situation.attempt();
      const turn = situation.model.hold(earlier.content);
      await situation.server.create(earlier.sid, earlier.content);
      await situation.model.asked(earlier.content);
      turn.refuseKey();
      await situation.server.untilAgentIs(earlier.sid, 'failed');
      const attempt = situation.attempt({ sid: earlier.sid });
      return situation.heardOnce(attempt, situation.begin(attempt));
    },
  },
  joinedAtWork('joined during a turn that succeeds', 'answer'),
  joinedAtWork('joined during a turn that fails', 'refuseKey'),
];

/** A start that joins a conversation whose agent is still working for another caller. */
function joinedAtWork(name: string, end: 'answer' | 'refuseKey'): Case {
  return {
    name,
    async run(situation) {
      const earlier = situation.attempt();
      const turn = situation.model.hold(earlier.content);
      await situation.server.create(earlier.sid, earlier.content);
      await situation.model.asked(earlier.content);
      const attempt = situation.attempt({ sid: earlier.sid });
      const outcome = situation.begin(attempt);
      try {
        await situation.before(outcome, situation.untilItWaits(attempt));
      } finally {
        turn[end]();
      }
      return situation.heardOnce(attempt, outcome);
    },
  };
}

/**
 * The server ends while its agent waits for the model, after the create's answer but before the start sees anything.
 */
function restartAfterCreate(signal: 'SIGTERM' | 'SIGKILL'): Case {
  return {
    name: `${signal} and a restart after the create`,
    async run(situation) {
      const { server, proxy, model } = situation;
      const attempt = situation.attempt();
      const turn = model.hold(attempt.content);
      const answered = proxy.holdAfter(creates);
      const outcome = situation.begin(attempt);
      await situation.before(outcome, answered);
      await model.asked(attempt.content);
      await server.untilStill();
      await server.stop(signal);
      turn.answer();
      await server.start();
      proxy.restore();
      return situation.heardOnce(attempt, outcome);
    },
  };
}
