import { hide } from './hide.js';
import { noSecrets, type Secrets, secretsOf } from './secrets.js';

export interface PrintOptions {
  /** The input whose secrets must not be repeated. @default none: tokens and credentials in URLs are hidden all the same */
  readonly secretsOf?: unknown;
  /** Parts of other secrets: see `repeatedParts`. @default none */
  readonly parts?: readonly string[];
  /** As JSON writes it, in bytes. @default 1000 */
  readonly maximumBytes?: number;
}

/** Characters of a text that are looked at: several times what is told, as a long secret shrinks to three asterisks. */
export const maximumCharacters = 4_000;

/** Entries of a list or an object that are told. */
const maximumEntries = 20;

/** Levels of lists and objects that are told. */
const maximumLevels = 5;

/** What no terminal, log or page is to be sent: control characters, marks that turn the direction, halves of characters. */
export const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/**
 * A text as it may leave: the one function that everything goes through which a server, a caller or a library has said.
 * Without the secrets of an input and what looks like a token, in one line, without control characters, and short.
 */
export function printable(text: string, options: PrintOptions = {}): string {
  return print(text, secretsFor(options), options.maximumBytes ?? defaultMaximumBytes);
}

/** The same for each text in a value of JSON, such as the details of a failure. */
export function printableValue(value: unknown, options: PrintOptions = {}): unknown {
  return printValue(value, secretsFor(options), options.maximumBytes ?? defaultMaximumBytes, maximumLevels);
}

const defaultMaximumBytes = 1000;

function secretsFor({ secretsOf: input, parts = [] }: PrintOptions): Secrets {
  const secrets = input === undefined ? noSecrets : secretsOf(input);
  return parts.length === 0 ? secrets : { ...secrets, long: [...secrets.long, ...parts] };
}

function printValue(value: unknown, secrets: Secrets, maximumBytes: number, levels: number): unknown {
  if (typeof value === 'string') return print(value, secrets, maximumBytes);
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return '…';
  const inner = (its: unknown) => printValue(its, secrets, maximumBytes, levels - 1);
  if (Array.isArray(value)) return value.slice(0, maximumEntries).map(inner);
  const entries = Object.entries(value).slice(0, maximumEntries);
  return Object.fromEntries(entries.map(([name, its]) => [print(name, secrets, maximumBytes), inner(its)]));
}

function print(text: string, secrets: Secrets, maximumBytes: number): string {
  const beginning = text.slice(0, maximumCharacters);
  const told = hide(beginning, secrets).replace(/\s+/g, ' ').toWellFormed().replace(unprintable, '\ufffd');
  return shorten(told, maximumBytes, text.length > maximumCharacters);
}

const ellipsis = '…';

function shorten(text: string, bytes: number, isBeginning: boolean): string {
  if (jsonBytes(text) <= bytes && !isBeginning) return text;
  let left = bytes - jsonBytes(ellipsis);
  let kept = '';
  for (const character of text) {
    left -= jsonBytes(character);
    if (left < 0) break;
    kept += character;
  }
  return kept + ellipsis;
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - '""'.length;
}
