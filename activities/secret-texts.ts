import type { Conversation } from '../contract/input.js';
import { looksLikeToken } from '../contract/token-forms.js';

/** Of a text: what is quoted of a longer one is a part of its beginning or of its end, as a rule. */
const maximumCharacters = 32_000;

/** Of all texts together, in characters: they travel with the input of the readiness checks. */
const maximumTotal = 64_000;

/** Settings that every failure may tell: see `contract/printing/secrets.ts`. */
const harmless: ReadonlySet<string> = new Set(['repository', 'selectedBranch', 'gitProvider']);

/**
 * The texts of an input that a server can repeat to a readiness check, which does not have the input itself: the settings
 * and the message. The shortest first, which keys and passwords are. Not the replay: it would be in each history, however
 * large it is.
 */
export function secretTextsOf({ server, settings, initialUserMsg }: Conversation): string[] {
  const told = Object.entries(settings)
    // An agent-server is not given these tokens. An openhands server may have the same ones.
    .filter(([name]) => name !== 'providerTokens' || server === 'openhands')
    .filter(([name, value]) => !harmless.has(name) || String(value).includes('@'));
  const texts = [...new Set([Object.fromEntries(told), initialUserMsg].flatMap(textsIn))];
  let left = maximumTotal;
  return texts
    .flatMap(endsOf)
    .map((text) => text.toWellFormed())
    .sort((one, other) => one.length - other.length)
    .filter(({ length }) => {
      left -= length;
      return left >= 0;
    });
}

function endsOf(text: string): string[] {
  if (text.length <= maximumCharacters) return [text];
  return [text.slice(0, maximumCharacters / 2), text.slice(-maximumCharacters / 2)];
}

/** The contract has bounded the input: its depth and its size. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [...(looksLikeToken(name) ? [name] : []), ...textsIn(inner)]);
}
