import type { Case } from './cases.js';
import type { TriedServer } from './tried-server.js';

/** The cases for servers outside the supported range. */
export const outsideCases: readonly Case[] = [
  {
    name: 'a message',
    async run(situation) {
      const outcome = situation.begin(situation.attempt());
      return situation.fails(outcome, 'ConversationRejected', namesVersion(situation.server));
    },
  },
];

/** Matches a message that tells a person their server's version. */
function namesVersion({ version }: TriedServer): RegExp {
  return new RegExp(` ${version.replaceAll('.', String.raw`\.`)}\\b`);
}
