import { htmlEntity } from './html-entities.js';
import { type View, ViewBuilder } from './view.js';

/**
 * Escapes in JSON and JavaScript, in Python's repr, in URLs and forms (a run of them is one text in UTF-8), in HTML,
 * and color codes of a terminal.
 */
const hexDigit = '[\\da-fA-F]';
const escapes = new RegExp(
  [
    `\\\\u${hexDigit}{4}`,
    `\\\\u\\{${hexDigit}{1,6}\\}`,
    `\\\\U${hexDigit}{8}`,
    `(?:\\\\x${hexDigit}{2})+`,
    // Bytes as Git and shells write them.
    '(?:\\\\[0-3][0-7]{2})+',
    `\\\\[nrtbfv0'"/\\\\]`,
    `(?:%${hexDigit}{2})+`,
    '&#\\d{1,7};',
    `&#[xX]${hexDigit}{1,6};`,
    '&[A-Za-z]{2,10};',
    '\\u001b\\[[\\d;]*[A-Za-z]',
  ].join('|'),
  'g',
);

const shorts: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '', f: '\n', v: '\n', 0: '' };

/** Decodes one layer of escapes; `undefined` if there are none. */
export function unescaped(text: string): string | undefined {
  if (!mayHaveEscapes(text)) return undefined;
  const undone = text.replace(escapes, (written) => textOf(piecesOf(written)));
  return undone === text ? undefined : undone;
}

/** Decodes one layer of escapes in a view; `undefined` if there are none. */
export function unescapeView(view: View): View | undefined {
  if (!mayHaveEscapes(view.text)) return undefined;
  const builder = new ViewBuilder();
  let done = 0;
  for (const { 0: written, index } of view.text.matchAll(escapes)) {
    builder.copy(view, done, index);
    const pieces = piecesOf(written);
    let at = index;
    for (const { text, length } of typeof pieces === 'string' ? [{ text: pieces, length: written.length }] : pieces) {
      builder.add(text, view.from[at] ?? 0, view.to[at + length - 1] ?? 0);
      at += length;
    }
    done = index + written.length;
  }
  if (done === 0) return undefined;
  builder.copy(view, done, view.text.length);
  return builder.build();
}

function mayHaveEscapes(text: string): boolean {
  return ['\\', '%', '&', '\u001b'].some((sign) => text.includes(sign));
}

interface Piece {
  readonly text: string;
  /** The number of characters in the escaped text. */
  readonly length: number;
}

function textOf(pieces: string | readonly Piece[]): string {
  return typeof pieces === 'string' ? pieces : pieces.map(({ text }) => text).join('');
}

/** Decodes an escape: to one text, or to a piece for each character. */
function piecesOf(written: string): string | readonly Piece[] {
  const sign = written.charAt(1);
  switch (written.charAt(0)) {
    case '%':
      return utf8(Buffer.from(written.replaceAll('%', ''), 'hex'), 3);
    case '&':
      if (sign !== '#') return htmlEntity(written);
      return /^&#x/i.test(written) ? codePoint(written.slice(3, -1), 16) : codePoint(written.slice(2, -1), 10);
    case '\\':
      if (sign === 'x') return utf8(Buffer.from(written.replaceAll('\\x', ''), 'hex'), 4);
      if (/^\\[0-3][0-7]/.test(written)) return utf8(octal(written), 4);
      if (sign === 'U' || written.charAt(2) === '{') return codePoint(written.slice(2).replace(/[{}]/g, ''), 16);
      if (sign === 'u') return String.fromCharCode(Number.parseInt(written.slice(2), 16));
      return shorts[sign] ?? sign;
    default:
      // A terminal color code.
      return '';
  }
}

function codePoint(digits: string, base: number): string {
  const value = Number.parseInt(digits, base);
  return value <= 0x10ffff ? String.fromCodePoint(value) : '\ufffd';
}

function octal(written: string): Buffer {
  return Buffer.from((written.match(/[0-7]+/g) ?? []).map((digits) => Number.parseInt(digits, 8)));
}

/**
 * Decodes bytes as UTF-8, as in URLs and Python's bytes. Each invalid byte becomes one character, as in a Python text,
 * or as when the text was cut within a character.
 */
function utf8(buffer: Buffer, charactersPerByte: number): readonly Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < buffer.length; ) {
    const lead = buffer[at] ?? 0;
    const size = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const character = buffer.toString('utf8', at, at + size);
    const isWhole = [...character].length === 1 && character !== '\ufffd' && at + size <= buffer.length;
    const bytes = isWhole ? size : 1;
    pieces.push({ text: isWhole ? character : String.fromCharCode(lead), length: bytes * charactersPerByte });
    at += bytes;
  }
  return pieces;
}
