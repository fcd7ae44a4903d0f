import { type View, ViewBuilder } from './view.js';

/** Shorter ones hold fewer characters than count as a part of a secret. */
const runs = [
  { run: /[\w+/-]{11,}/g, encoding: 'base64', digits: 4 },
  { run: /(?:[\da-f]{2}){8,}/gi, encoding: 'hex', digits: 2 },
] as const;

/** Not from within a run of blanks: that would take time that grows with the square of its length. */
const separators = /(?<![ \t])[ \t]*[\r\n]\s*|["'\\]/;

/**
 * What runs of base64 and hex in a text hold; all of it comes from the whole of its run. A run may begin in the middle of
 * one, so that it is read from each digit that its first byte could begin at.
 */
export function decodeRuns(view: View): View[] {
  const joined = withoutSeparators(view);
  return runs.flatMap(({ run, encoding, digits }) =>
    [...joined.text.matchAll(run)].flatMap(({ 0: whole, index }) => {
      const [from = 0, to = 0] = [joined.from[index], joined.to[index + whole.length - 1]];
      return Array.from({ length: digits }, (_, offset) => {
        const builder = new ViewBuilder();
        builder.add(Buffer.from(whole.slice(offset), encoding).toString(), from, to);
        return builder.build();
      });
    }),
  );
}

/** Long base64 comes in lines, and in quotes. */
function withoutSeparators(view: View): View {
  if (!separators.test(view.text)) return view;
  const builder = new ViewBuilder();
  let done = 0;
  for (const { 0: whole, index } of view.text.matchAll(new RegExp(separators, 'g'))) {
    builder.copy(view, done, index);
    done = index + whole.length;
  }
  builder.copy(view, done, view.text.length);
  return builder.build();
}
