import type { Conversation } from '../contract/input.js';
import { looksLikeToken } from '../contract/token-forms.js';
import { valuesInside } from '../contract/values-inside.js';

/** Per text, half from its beginning and half from its end. A quote of a longer text usually comes from one of them. */
const maximumCharacters = 32_000;

/** For all texts together, in characters. They are part of the input of the readiness checks. */
const maximumTotal = 64_000;

/** Settings that a failure may show: see `contract/printing/secrets.ts`. */
const harmless: ReadonlySet<string> = new Set(['repository', 'selectedBranch', 'gitProvider']);

/**
 * The texts of an input that a server can repeat to a readiness check, which does not have the input: the settings and
 * the message. The shortest come first: keys and passwords are short. The replay is left out: it can be large, and
 * would be in every history.
 */
export function secretTextsOf({ server, settings, initialUserMsg }: Conversation): string[] {
  const told = Object.entries(settings)
    // An agent server does not receive these tokens. An openhands server may hold the same ones.
    .filter(([name]) => name !== 'providerTokens' || server === 'openhands')
    .filter(([name, value]) => !harmless.has(name) || String(value).includes('@'));
  const texts = [...new Set([Object.fromEntries(told), initialUserMsg].flatMap((value) => textsIn(value)))];
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

/** Safe to recurse: the contract has bounded the input's depth and size. */
function textsIn(value: unknown, field = ''): string[] {
  if (typeof value === 'string') return [value, ...valuesInside(field, value)].filter((text) => text !== '');
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(looksLikeToken(name) ? [name] : []),
    ...textsIn(inner, name),
  ]);
}
