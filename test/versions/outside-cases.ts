import type { Case } from './cases.js';
import type { TriedServer } from './tried-server.js';

/** What a server is tried with that is outside of the supported range. */
export const outsideCases: readonly Case[] = [
  {
    name: 'a message',
    async run(situation) {
      const outcome = situation.begin(situation.attempt());
      return situation.fails(outcome, 'ConversationRejected', naming(situation.server));
    },
  },
];

/** What a message says that tells a person which server they have. */
function naming({ version }: TriedServer): RegExp {
  return new RegExp(` ${version.replaceAll('.', String.raw`\.`)}\\b`);
}
