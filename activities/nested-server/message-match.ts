import { createHash } from 'node:crypto';

/** What OpenHands stores in place of a secret that it knows. */
const hiddenSecret = '<secret_hidden>';

/** A message's text in a form that is small and reveals nothing. */
export function messageDigest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Tells a message by its digest: `undefined` where the server has hidden a part, so that only the text can tell. */
export function matchDigest(digest: string | undefined): (stored: string) => boolean | undefined {
  return (stored) => {
    if (digest === undefined) return false;
    return messageDigest(stored) === digest || (stored.includes(hiddenSecret) ? undefined : false);
  };
}

/** Tells a message by its text, of which the server may have hidden parts. */
export function matchText(text: string | undefined): (stored: string) => boolean {
  return (stored) => text !== undefined && (stored === text || isMaskedCopy(stored, text));
}

/** Whether the stored text is ours with some parts hidden: what is left stands in ours, in this order. */
function isMaskedCopy(stored: string, text: string): boolean {
  const [start = '', ...others] = stored.split(hiddenSecret);
  const end = others.pop();
  if (end === undefined || !text.startsWith(start)) return false;
  let position = start.length;
  for (const part of others) {
    // At least one character was hidden.
    const found = indexOf(text, part, position + 1);
    if (found < 0) return false;
    position = found + part.length;
  }
  return text.length - end.length > position && text.endsWith(end);
}

/**
 * As `String.indexOf`, in time that grows with the length of both, whatever they hold (Knuth, Morris and Pratt): the
 * texts are those of a caller and of a server, and can be megabytes.
 */
function indexOf(text: string, part: string, from: number): number {
  if (part === '') return from;
  const borders = bordersOf(part);
  let matched = 0;
  for (let index = from; index < text.length; index++) {
    while (matched > 0 && text[index] !== part[matched]) matched = borders[matched - 1] ?? 0;
    if (text[index] === part[matched]) matched++;
    if (matched === part.length) return index - matched + 1;
  }
  return -1;
}

/** For each beginning of a text, the length of the longest shorter one that it ends with. */
function bordersOf(text: string): Uint32Array {
  const borders = new Uint32Array(text.length);
  let matched = 0;
  for (let index = 1; index < text.length; index++) {
    while (matched > 0 && text[index] !== text[matched]) matched = borders[matched - 1] ?? 0;
    if (text[index] === text[matched]) matched++;
    borders[index] = matched;
  }
  return borders;
}
