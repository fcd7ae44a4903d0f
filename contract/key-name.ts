import { limits } from './limits.js';
import { looksLikeToken } from './token-forms.js';

/** Control and format characters: line breaks, terminal escapes, marks that reverse the direction of what follows. */
const unprintable = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

/**
 * A key of an input as a problem may name it: its beginning, in printable characters. What looks like a token was
 * pasted in the wrong place, and is not repeated.
 */
export function keyName(key: string): string {
  // Enough to recognize a token by.
  const beginning = key.slice(0, 10 * limits.unknownKeyCharacters);
  if (looksLikeToken(beginning)) return '***';
  const characters = [...beginning.toWellFormed()];
  const name = characters.slice(0, limits.unknownKeyCharacters).join('').replace(unprintable, '\ufffd');
  return characters.length > limits.unknownKeyCharacters ? `${name}…` : name;
}
