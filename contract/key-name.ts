import { limits } from './limits.js';
import { looksLikeToken } from './token-forms.js';

/** Control and format characters: line breaks, terminal escapes, marks that change the text direction. */
const unprintable = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

/**
 * A key of the input, shortened and made printable for an error message. A key that looks like a token is hidden: it
 * was probably pasted into the wrong place.
 */
export function keyName(key: string): string {
  // Long enough to recognize a token.
  const beginning = key.slice(0, 10 * limits.unknownKeyCharacters);
  if (looksLikeToken(beginning)) return '***';
  const characters = [...beginning.toWellFormed()];
  const name = characters.slice(0, limits.unknownKeyCharacters).join('').replace(unprintable, '\ufffd');
  return characters.length > limits.unknownKeyCharacters ? `${name}…` : name;
}
