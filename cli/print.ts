/**
 * Everything that this command line prints goes through here. What servers and other clients said is shown without what a
 * terminal would act on.
 */

/** To standard output: what a command was asked for. */
export function say(text: string): void {
  console.log(printable(text));
}

/** To standard error: progress, hints, and what went wrong. */
export function tell(text: string): void {
  console.error(printable(text));
}

/** JSON escapes control characters by itself. */
export function sayJson(value: object): void {
  console.log(JSON.stringify(value));
}

/** Line breaks are the command line's own. */
export function printable(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' '))
    .join('\n');
}
