import { type View, ViewBuilder } from './view.js';

/** A form in which texts are compared: without case, without accents, and without what else makes no difference there. */
class Form {
  /** What each character of ASCII becomes: most are of these. */
  readonly #ascii: readonly string[];
  /** The same as bytes; none where it is dropped. */
  readonly #asciiBytes: Uint8Array;

  /** @param dropped What makes no difference, globally. */
  constructor(private readonly dropped: RegExp) {
    this.#ascii = Array.from({ length: 128 }, (_, code) => this.#fold(String.fromCharCode(code)));
    this.#asciiBytes = Uint8Array.from(this.#ascii, (text) => text.charCodeAt(0) || 0);
  }

  of(text: string): string {
    return onlyAscii.test(text) ? this.#ofAscii(text) : this.#fold(text);
  }

  /** Character by character: of those beyond 16 bits, a half has neither case nor accents. */
  ofView(view: View): View {
    return mapped(view, (character) => this.#ascii[character.charCodeAt(0)] ?? this.#fold(character));
  }

  /** Several times faster, which megabytes need. */
  #ofAscii(text: string): string {
    const bytes = Buffer.from(text, 'latin1');
    let length = 0;
    for (const byte of bytes) {
      const folded = this.#asciiBytes[byte] ?? 0;
      if (folded !== 0) bytes[length++] = folded;
    }
    return bytes.toString('latin1', 0, length);
  }

  /**
   * Marks are dropped before, too: to put many of them in order takes time that grows with the square of their number. A
   * final sigma is lower case only at the end of a word.
   */
  #fold(text: string): string {
    const folded = text.replace(this.dropped, '').normalize('NFKD').replace(this.dropped, '');
    return folded.toLowerCase().replaceAll('ς', 'σ');
  }
}

const onlyAscii = /^\p{ASCII}*$/u;

/**
 * Without white space, quotes and backslashes, the plus sign that stands for a space, controls that nobody sees, accents,
 * which may be a part of their letter or follow it, and the two signs that stand for whole phrases: a text of those would
 * be eighteen times as long.
 */
const bare = new Form(/[\s"'`\\+\p{Cc}\p{Cf}\p{M}\ufdfa\ufdfb]+/gu);

/** With quotes, backslashes and plus signs: where a text has many, little else is left of it. */
const signed = new Form(/[\s\p{Cc}\p{Cf}\p{M}\ufdfa\ufdfb]+/gu);

/** With its spaces, too. */
const spaced = new Form(/[^\P{Cc}\s]|[\p{Cf}\p{M}\ufdfa\ufdfb]/gu);

/** White space in any amount, and the plus sign of forms. */
const space = /[\s+]+/g;

/** What nobody sees, and what a terminal makes something of. */
const unseen = /[^\P{Cc}\s]|\p{Cf}/u;

/** The forms in which parts of a text are compared: without signs, and with them where there are any. */
export function comparedForms(text: string): string[] {
  return [...new Set([bare.of(text), signed.of(text)])];
}

/** The same for a view. */
export function comparedViews(view: View): View[] {
  const [without, withSigns] = [bare.ofView(view), signed.ofView(view)];
  return without.text === withSigns.text ? [without] : [without, withSigns];
}

/** A text with its signs and its spaces, of which several count as one. */
export function spacedForm(text: string): string {
  return spaced.of(text).replace(space, ' ');
}

/** The same for a view. */
export function spacedView(view: View): View {
  let isAfterSpace = false;
  return mapped(spaced.ofView(view), (character) => {
    const isSpace = /[\s+]/.test(character);
    const folded = isSpace ? (isAfterSpace ? '' : ' ') : character;
    isAfterSpace = isSpace;
    return folded;
  });
}

/** A text without what could stand in the middle of a token, and not be seen. */
export function visibleView(view: View): View {
  return unseen.test(view.text) ? mapped(view, (character) => (unseen.test(character) ? '' : character)) : view;
}

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
