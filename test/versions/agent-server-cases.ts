import { type Case, cases } from './cases.js';
import type { TriedAgentServer } from './tried-agent-server.js';

export const agentServerCases: readonly Case<TriedAgentServer>[] = [
  ...cases,
  {
    name: 'an unknown tool',
    async run(situation) {
      const { settings } = situation.server.input();
      const agentSettings = { ...settings.agentSettings, tools: [{ name: 'NoSuchTool' }] };
      const attempt = situation.attempt({ settings: { ...settings, agentSettings } });
      return situation.fails(situation.begin(attempt), 'ConversationRejected', /ToolDefinition .* is not registered/);
    },
  },
  {
    name: 'all run slots are taken for a while',
    async run(situation) {
      const { server, model } = situation;
      await server.stop();
      await server.start({ OH_MAX_CONCURRENT_RUNS: '1' });
      try {
        const other = situation.attempt();
        const turn = model.hold(other.content);
        await server.create(other.sid, other.content);
        await model.asked(other.content);
        const attempt = situation.attempt();
        const outcome = situation.begin(attempt);
        try {
          // Older versions have no limit and run it at once.
          await Promise.race([situation.untilItWaits(attempt), outcome]);
        } finally {
          turn.answer();
        }
        return await situation.heardOnce(attempt, outcome);
      } finally {
        await server.restart('SIGTERM');
      }
    },
  },
];
