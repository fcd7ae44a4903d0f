import { type View, ViewBuilder } from './view.js';

/** Eight characters of base64 encode six bytes, the length of the shortest secret that is hidden. */
const base64 = /[\w+/-]{8,}/g;

/** At least six bytes, with or without separators: `6d 79`, `6d:79`, `0x6d, 0x79`, `6d79 2d73`. */
const hex = /(?:0x)?[\da-f]{2}(?:[\s:,;._"'-]{0,4}(?:0x)?[\da-f]{2}){5,}/gi;

const besideHex = /0x|[^\da-f]/gi;

/** A match can't begin within a run of blanks: that would take quadratic time. */
const separators = /(?<![ \t])[ \t]*[\r\n]\s*|["'\\]/;

/**
 * Decodes runs of base64 and hex in a text. Every decoded character maps to the whole run. The text may have been cut
 * within a run, so a run is decoded from each digit at which its first byte could begin.
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

/** Long base64 is often split into lines, and quoted. */
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
