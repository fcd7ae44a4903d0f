import { createHash } from 'node:crypto';

/** OpenHands stores this in place of a secret that it knows. */
const hiddenSecret = '<secret_hidden>';

/** Turns a message's text into a small form that reveals nothing. */
export function messageDigest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Recognizes a message by its digest; `undefined` if the server has masked a part, so that only the text can tell. */
export function matchDigest(digest: string | undefined): (stored: string) => boolean | undefined {
  return (stored) => {
    if (digest === undefined) return false;
    return messageDigest(stored) === digest || (stored.includes(hiddenSecret) ? undefined : false);
  };
}

/** Recognizes a message by its text, even if the server has masked parts of it. */
export function matchText(text: string | undefined): (stored: string) => boolean {
  return (stored) => text !== undefined && (stored === text || isMaskedCopy(stored, text));
}

/** Whether the stored text is ours with some parts masked: the rest must occur in ours, in the same order. */
function isMaskedCopy(stored: string, text: string): boolean {
  const [start = '', ...others] = stored.split(hiddenSecret);
  const end = others.pop();
  if (end === undefined || !text.startsWith(start)) return false;
  let position = start.length;
  for (const part of others) {
    // A mask hides at least one character.
    const found = indexOf(text, part, position + 1);
    if (found < 0) return false;
    position = found + part.length;
  }
  return text.length - end.length > position && text.endsWith(end);
}

/**
 * Like `String.indexOf`, in linear time for any input (Knuth, Morris and Pratt): both texts come from outside and can
 * be megabytes long.
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

/** For each prefix of a text, the length of its longest proper prefix that is also its suffix. */
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
