import { hide } from '../contract/printing/hide.js';
import { unprintable } from '../contract/printing/printable.js';
import { noSecrets } from '../contract/printing/secrets.js';

/**
 * All output of the command line. In text from servers and other clients, tokens are hidden and characters that a
 * terminal would interpret are replaced.
 */

/** Prints a command's result to standard output. */
export function say(text: string): void {
  console.log(printable(text));
}

/** Prints progress, hints and errors to standard error. */
export function tell(text: string): void {
  console.error(printable(text));
}

/**
 * Prints JSON. Besides the control characters that JSON escapes, it escapes all others that a terminal would interpret.
 */
export function sayJson(value: object): void {
  const withoutTokens = (_: string, inner: unknown) => (typeof inner === 'string' ? hide(inner, noSecrets) : inner);
  console.log(
    JSON.stringify(value, withoutTokens).replace(unprintable, (character) => character.split('').map(escaped).join('')),
  );
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Text from others as part of a line. A line break in it could imitate the command line's own output. */
export function asOneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** Keeps line breaks, which only the command line's own text has: see {@link asOneLine}. */
export function printable(text: string): string {
  return text
    .split('\n')
    .map((line) => hide(line, noSecrets).toWellFormed().replace(unprintable, ' '))
    .join('\n');
}
