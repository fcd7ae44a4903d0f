import { hide } from './hide.js';
import { noSecrets, type Secrets, secretsOf } from './secrets.js';

export interface PrintOptions {
  /** The input whose secrets must not appear. @default none: only tokens and credentials in URLs are hidden */
  readonly secretsOf?: unknown;
  /** Parts of other secrets to hide: see `repeatedParts`. @default none */
  readonly parts?: readonly string[];
  /** Maximum size of the text in JSON, in bytes. @default 1000 */
  readonly maximumBytes?: number;
}

/**
 * Only this many characters of a text are read. This is more than is printed, since a long secret shrinks to three
 * asterisks.
 */
export const maximumCharacters = 4_000;

/** Maximum entries of a list or an object in the output. */
const maximumEntries = 20;

/** Maximum nesting of lists and objects in the output. */
const maximumLevels = 5;

/**
 * Characters that are not safe in a terminal, log or page: control characters, marks that change the text direction,
 * and halves of surrogate pairs.
 */
export const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/**
 * Makes a text safe to print or to return. Everything that a server, a caller or a library has said goes through this
 * function. The result has no tokens and none of the input's secrets, no control characters and no line breaks, and is
 * short.
 */
export function printable(text: string, options: PrintOptions = {}): string {
  return print(text, secretsFor(options), options.maximumBytes ?? defaultMaximumBytes);
}

/** Applies {@link printable} to each text in a JSON value, such as the details of a failure. */
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
