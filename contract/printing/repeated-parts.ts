import { setImmediate as nextTurn } from 'node:timers/promises';
import { searchFor } from './hide.js';
import { maximumCharacters } from './printable.js';
import { formsOfSecret } from './secrets.js';

/** Characters to search per turn of the event loop, which takes milliseconds. */
const pieceCharacters = 100_000;

/** Overlap of two pieces, in characters: longer than a part that was escaped three times. */
const overlap = 1_000;

/**
 * The parts that these texts share with a secret of any length, for `printable`. The secret is searched in pieces: all
 * forms of a 64 MB secret would not fit into a worker's memory.
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
