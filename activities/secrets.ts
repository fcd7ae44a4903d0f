import { limits } from '../contract/limits.js';

const hidden = '***';

/** Names under which an input holds secrets; whatever is below such a name is one. */
const secretNames = /key|token|secret|password|credential|authorization|headers|^env$|^initialUserMsg$/i;

/** What looks like a provider's token, or stands in a URL's query as one, wherever it comes from. */
const tokens =
  /(?<=[?&](?:api_?key|key|token|secret)=)[^&\s"']+|\b(?:sk|ghp|gho|ghs|github_pat|glpat|xox[abp])[-_][\w-]{8,}/g;

/** The contract takes nothing deeper. */
const deepest = limits.nestingLevels;

/** Shorter values are words of every other sentence. */
const shortestSecret = 6;

/** The secrets of an input, checked or not, so that no failure repeats them. */
export function secretsOf(input: unknown): readonly string[] {
  // The longest first: one may begin with another.
  return stringsBelow(input, false, deepest)
    .filter((secret) => secret.length >= shortestSecret)
    .sort((one, other) => other.length - one.length);
}

function stringsBelow(value: unknown, isSecret: boolean, levels: number): string[] {
  if (typeof value === 'string') return isSecret ? [value] : [];
  if (typeof value !== 'object' || value === null || levels === 0) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    stringsBelow(inner, isSecret || secretNames.test(name), levels - 1),
  );
}

/** The same value with every secret in its strings hidden. */
export function redact<T>(value: T, secrets: readonly string[]): T {
  return redactUnknown(value, secrets) as T;
}

function redactUnknown(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') {
    return secrets.reduce((text, secret) => text.replaceAll(secret, hidden), value).replace(tokens, hidden);
  }
  if (Array.isArray(value)) return value.map((inner) => redactUnknown(inner, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redactUnknown(inner, secrets)]));
}
