import { type View, ViewBuilder } from './view.js';

/** Eight characters hold the six bytes of the shortest secret that is hidden. */
const base64 = /[\w+/-]{8,}/g;

/** Bytes one after another, or apart: `6d 79`, `6d:79`, `0x6d, 0x79`, `6d79 2d73`. Six, as above. */
const hex = /(?:0x)?[\da-f]{2}(?:[\s:,;._"'-]{0,4}(?:0x)?[\da-f]{2}){5,}/gi;

const besideHex = /0x|[^\da-f]/gi;

/** Not from within a run of blanks: that would take time that grows with the square of its length. */
const separators = /(?<![ \t])[ \t]*[\r\n]\s*|["'\\]/;

/**
 * What runs of base64 and hex in a text hold; all of it comes from the whole of its run. A run may begin in the middle of
 * one, so that it is read from each digit that its first byte could begin at.
 */
export function decodeRuns(view: View): View[] {
  return [
    ...decoded(withoutSeparators(view), base64, (run) =>
      [0, 1, 2, 3].map((at) => Buffer.from(run.slice(at), 'base64')),
    ),
    ...decoded(view, hex, (run) => {
      const digits = run.replace(besideHex, '');
      return [0, 1].map((at) => Buffer.from(digits.slice(at), 'hex'));
    }),
  ];
}

function decoded(view: View, runs: RegExp, decode: (run: string) => Buffer[]): View[] {
  return [...view.text.matchAll(runs)].flatMap(({ 0: run, index }) => {
    const [from = 0, to = 0] = [view.from[index], view.to[index + run.length - 1]];
    return decode(run).map((bytes) => {
      const builder = new ViewBuilder();
      builder.add(bytes.toString(), from, to);
      return builder.build();
    });
  });
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
