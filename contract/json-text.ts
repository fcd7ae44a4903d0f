export interface JsonBounds {
  readonly levels: number;
  readonly values: number;
}

/**
 * The bound that a JSON text exceeds, found without parsing it: 31 KB of compressed `{},{},{}` would parse to a
 * gigabyte of objects. Invalid JSON may pass; the parser rejects it later.
 *
 * Time is linear in the text. Keys count as values, so the count is accurate within a factor of two.
 *
 * @param text UTF-16, or UTF-8 read as Latin-1: only its ASCII characters matter.
 */
export function boundBrokenBy(text: string, { levels, values }: JsonBounds): 'levels' | 'values' | undefined {
  let depth = 0;
  let separators = 0;
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case quote:
        index = endOfString(text, index);
        break;
      case openingBracket:
      case openingBrace:
        if (++depth > levels) return 'levels';
        if (++separators > values) return 'values';
        break;
      case closingBracket:
      case closingBrace:
        depth--;
        break;
      case comma:
      case colon:
        if (++separators > values) return 'values';
        break;
    }
  }
  return undefined;
}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openingBracket, closingBracket, openingBrace, closingBrace] = [0x5b, 0x5d, 0x7b, 0x7d];

/** The index of the closing quote. `indexOf` is much faster on long texts than a loop over the characters. */
function endOfString(text: string, start: number): number {
  for (let end = start; ; ) {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === backslash) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}
