import { type View, ViewBuilder } from './view.js';

/**
 * What makes no difference: white space, quotes and backslashes, the plus sign that stands for a space, controls that
 * nobody sees, and accents, which may be a part of their letter or follow it.
 */
const dropped = /[\s"'`\\+\p{Cc}\p{Cf}\p{M}]/u;
const allDropped = new RegExp(dropped, 'gu');

/** What nobody sees, and what a terminal makes something of. White space is seen. */
const unseen = /[^\P{Cc}\s]|\p{Cf}/u;

/**
 * A text in the form in which it is compared. Marks are dropped before, too: to put many of them in order takes time that
 * grows with the square of their number. A final sigma is lower case only at the end of a word.
 */
export function canonical(text: string): string {
  const folded = text.replace(allDropped, '').normalize('NFKD').replace(allDropped, '');
  return folded.toLowerCase().replaceAll('ς', 'σ');
}

export function canonicalView(view: View): View {
  return mapped(view, canonical);
}

/** A text without what could stand in the middle of a token, and not be seen. */
export function visibleView(view: View): View {
  return unseen.test(view.text) ? mapped(view, (character) => (unseen.test(character) ? '' : character)) : view;
}

/** Character by character: of those beyond 16 bits, a half has neither case nor accents. */
function mapped(view: View, change: (character: string) => string): View {
  const builder = new ViewBuilder();
  let index = 0;
  for (const character of view.text) {
    const last = index + character.length - 1;
    builder.add(change(character), view.from[index] ?? 0, view.to[last] ?? 0);
    index = last + 1;
  }
  return builder.build();
}
