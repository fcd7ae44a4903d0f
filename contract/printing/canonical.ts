import { type View, ViewBuilder } from './view.js';

/** A form in which texts are compared. It ignores case, accents, and the characters in `dropped`. */
class Form {
  /** The folded form of each ASCII character, since most characters are ASCII. */
  readonly #ascii: readonly string[];
  /** The same as bytes; 0 for a dropped character. */
  readonly #asciiBytes: Uint8Array;

  /** Matches the characters to ignore, with the flag `g`. */
  constructor(private readonly dropped: RegExp) {
    this.#ascii = Array.from({ length: 128 }, (_, code) => this.#fold(String.fromCharCode(code)));
    this.#asciiBytes = Uint8Array.from(this.#ascii, (text) => text.charCodeAt(0) || 0);
  }

  of(text: string): string {
    return onlyAscii.test(text) ? this.#ofAscii(text) : this.#fold(text);
  }

  /**
   * Folds character by character, to keep each one's range in the source. A single half of a surrogate pair has neither
   * case nor accents.
   */
  ofView(view: View): View {
    return mapped(view, (character) => this.#ascii[character.charCodeAt(0)] ?? this.#fold(character));
  }

  /** Several times faster than `#fold`, which matters for megabytes. */
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
   * Marks are also dropped before `normalize`, since ordering many of them takes quadratic time. `toLowerCase` writes a
   * final sigma only at the end of a word.
   */
  #fold(text: string): string {
    const folded = text.replace(this.dropped, '').normalize('NFKD').replace(this.dropped, '');
    return folded.toLowerCase().replaceAll('ς', 'σ');
  }
}

const onlyAscii = /^\p{ASCII}*$/u;

/**
 * Ignores white space, quotes, backslashes, the plus sign that stands for a space, invisible control characters, and
 * accents, whether combined with their letter or separate. Also ignores two characters that `normalize` expands to
 * whole phrases: a text of those would become eighteen times as long.
 */
const bare = new Form(/[\s"'`\\+\p{Cc}\p{Cf}\p{M}\ufdfa\ufdfb]+/gu);

/** Keeps quotes, backslashes and plus signs, for texts that consist mostly of those. */
const signed = new Form(/[\s\p{Cc}\p{Cf}\p{M}\ufdfa\ufdfb]+/gu);

/** Also keeps spaces. */
const spaced = new Form(/[^\P{Cc}\s]|[\p{Cf}\p{M}\ufdfa\ufdfb]/gu);

/** White space of any length, and the plus sign of URL-encoded forms. */
const space = /[\s+]+/g;

/** Invisible characters, and characters that a terminal interprets. */
const unseen = /[^\P{Cc}\s]|\p{Cf}/u;

/** The forms in which parts of a text are compared: without signs such as quotes, and with them if there are any. */
export function comparedForms(text: string): string[] {
  return [...new Set([bare.of(text), signed.of(text)])];
}

/** The same for a view. */
export function comparedViews(view: View): View[] {
  const [without, withSigns] = [bare.ofView(view), signed.ofView(view)];
  return without.text === withSigns.text ? [without] : [without, withSigns];
}

/** The text with its signs and spaces. Several spaces count as one. */
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

/** The text without invisible characters, which could split a token. */
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
