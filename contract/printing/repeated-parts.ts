import { setImmediate as nextTurn } from 'node:timers/promises';
import { searchFor } from './hide.js';
import { maximumCharacters } from './printable.js';
import { formsOfSecret } from './secrets.js';

/** Characters that are looked at in one turn, which takes milliseconds. */
const pieceCharacters = 100_000;

/** Characters in which two pieces overlap: longer than a part is, escaped three times. */
const overlap = 1_000;

/**
 * The parts that these texts have in common with a secret of any length, piece by piece: one of 64 MB in all its forms
 * would take the memory of a worker. For `printable`.
 */
export async function repeatedParts(secret: string, texts: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  const search = searchFor(texts.map((text) => text.slice(0, maximumCharacters)));
  for (let at = 0; at < secret.length; at += pieceCharacters) {
    const forms = formsOfSecret(secret.slice(at, at + pieceCharacters + overlap));
    for (const form of forms) search.in(form, (part) => found.add(part));
    await nextTurn();
  }
  return [...found];
}
