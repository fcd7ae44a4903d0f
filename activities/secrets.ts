const hidden = '***';

/** Names under which an input holds secrets; whatever is below such a name is one. */
const secretNames = /key|token|secret|password|credential|authorization|headers|^env$/i;

/** What looks like a provider's token, wherever it comes from. */
const tokens = /\b(?:sk|ghp|gho|ghs|github_pat|glpat|xox[abp])[-_][\w-]{8,}/g;

/** Shorter values are words of every other sentence. */
const shortestSecret = 6;

/** The secrets of an input, checked or not, so that no failure repeats them. */
export function secretsOf(input: unknown): readonly string[] {
  return stringsBelow(input, false).filter((secret) => secret.length >= shortestSecret);
}

function stringsBelow(value: unknown, isSecret: boolean): string[] {
  if (typeof value === 'string') return isSecret ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => stringsBelow(inner, isSecret || secretNames.test(name)));
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
