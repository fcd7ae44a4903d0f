import { type View, ViewBuilder } from './view.js';

/**
 * What makes no difference: white space, quotes and backslashes, the plus sign that stands for a space, marks and controls
 * that nobody sees.
 */
const dropped = /[\s"'`\\+\p{Cc}\p{Cf}]/u;
const allDropped = new RegExp(dropped, 'gu');

/** What nobody sees, and what a terminal makes something of. White space is seen. */
const unseen = /[^\P{Cc}\s]|\p{Cf}/u;

/** A text in the form in which it is compared. */
export function canonical(text: string): string {
  return text.replace(allDropped, '').toLowerCase();
}

export function canonicalView(view: View): View {
  return mapped(view, (unit) => (dropped.test(unit) ? '' : unit.toLowerCase()));
}

/** A text without what could stand in the middle of a token, and not be seen. */
export function visibleView(view: View): View {
  return unseen.test(view.text) ? mapped(view, (unit) => (unseen.test(unit) ? '' : unit)) : view;
}

function mapped(view: View, change: (unit: string) => string): View {
  const builder = new ViewBuilder();
  for (let index = 0; index < view.text.length; index++) {
    builder.add(change(view.text.charAt(index)), view.from[index] ?? 0, view.to[index] ?? 0);
  }
  return builder.build();
}
