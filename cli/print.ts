import { hide } from '../contract/printing/hide.js';
import { unprintable } from '../contract/printing/printable.js';
import { noSecrets } from '../contract/printing/secrets.js';

/**
 * Everything that this command line prints goes through here. What servers and other clients said is shown without what a
 * terminal would act on, and without what looks like a token.
 */

/** To standard output: what a command was asked for. */
export function say(text: string): void {
  console.log(printable(text));
}

/** To standard error: progress, hints, and what went wrong. */
export function tell(text: string): void {
  console.error(printable(text));
}

/** JSON escapes most control characters by itself, and here all others that a terminal would act on. */
export function sayJson(value: object): void {
  const withoutTokens = (_: string, inner: unknown) => (typeof inner === 'string' ? hide(inner, noSecrets) : inner);
  console.log(
    JSON.stringify(value, withoutTokens).replace(unprintable, (character) => character.split('').map(escaped).join('')),
  );
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** What others said, as a part of a line: a break in it would begin one that looks like the command line's own. */
export function asOneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** Line breaks are the command line's own: see {@link asOneLine}. */
export function printable(text: string): string {
  return text
    .split('\n')
    .map((line) => hide(line, noSecrets).toWellFormed().replace(unprintable, ' '))
    .join('\n');
}
