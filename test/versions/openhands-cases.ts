import assert from 'node:assert/strict';
import { type Case, cases } from './cases.js';
import { creates, type Situation } from './situation.js';
import type { TriedOpenHands } from './tried-openhands.js';
import { until } from './tried-server.js';

/** LiteLLM knows no vision model by this name. */
const blindModel = 'openai/gpt-3.5-turbo';

const image = 'data:image/png;base64,iVBORw0KGgo=';

export const openHandsCases: readonly Case<TriedOpenHands>[] = [
  ...cases,
  {
    name: 'evicted after the create',
    async run(situation) {
      const attempt = situation.attempt();
      const answered = situation.proxy.holdAfter(creates);
      const outcome = situation.begin(attempt);
      await situation.before(outcome, answered);
      await situation.server.untilAgentIs(attempt.sid, 'resting');
      await evict(situation, attempt.sid);
      situation.proxy.restore();
      return situation.heardOnce(attempt, outcome);
    },
  },
  {
    name: 'a new message after a restart',
    async run(situation) {
      const { conversations, server, model } = situation;
      const first = situation.attempt();
      await situation.heardOnce(first, situation.begin(first));
      await server.restart('SIGTERM');
      const next = situation.attempt({ sid: first.sid });
      const end = await situation.heardOnce(next, conversations.ensureReady(next.input, { resume: true }));
      assert.equal(model.timesAsked(first.content), 1);
      assert.equal(await situation.timesStored(first.sid, first.content), 1);
      return end;
    },
  },
  {
    name: 'joined with images, on a model without vision',
    async run(situation) {
      const { server, proxy } = situation;
      await server.configure(blindModel);
      try {
        const earlier = situation.attempt();
        await server.create(earlier.sid, earlier.content);
        await server.untilAgentIs(earlier.sid, 'resting');
        const attempt = situation.attempt({
          sid: earlier.sid,
          readiness: { interval: '1 second', maximumAttempts: 5 },
          initialUserMsg: { content: earlier.content.replace('hello', 'goodbye'), imageUrls: [image] },
        });
        const end = await situation.fails(situation.begin(attempt), 'ConversationNotReady', /the model has no vision/);
        assert.equal(proxy.count({ method: 'POST', path: server.eventsOf(attempt.sid) }), 1);
        return end;
      } finally {
        await server.configure();
      }
    },
  },
  {
    name: 'an unreachable MCP server',
    async run(situation) {
      const settings = { mcpConfig: { shttp_servers: ['http://127.0.0.1:9/mcp'] } };
      const attempt = situation.attempt({ settings });
      const outcome = situation.begin(attempt);
      // The key exists since 0.52.
      if (situation.server.version === '0.51.1') {
        return situation.fails(outcome, 'ConversationRejected', /mcp_config/);
      }
      return situation.heardOnce(attempt, outcome);
    },
  },
];

/** Makes the server evict the conversation in favor of others. It keeps three conversations. */
async function evict({ server }: Situation<TriedOpenHands>, sid: string): Promise<void> {
  await until(`${sid} is evicted`, async () => {
    await server.create(server.input().sid);
    return server.loopIsGone(sid);
  });
}
