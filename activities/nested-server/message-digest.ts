import { createHash } from 'node:crypto';

/** What OpenHands stores in place of a secret that it knows. */
const hiddenSecret = '<secret_hidden>';

/** A message's text, in a form that is small and tells nothing: a look has to recognise it, not to repeat it. */
export function messageDigest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Whether a stored text is the digested one. With a secret hidden in it that can't be told: it counts as the one. */
export function isMessage(stored: string, digest: string): boolean {
  return stored.includes(hiddenSecret) || messageDigest(stored) === digest;
}
