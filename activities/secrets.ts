import { limits } from '../contract/limits.js';
import { replayedMessage } from '../contract/replay.js';

const hidden = '***';

/** Names under which an input holds secrets; whatever is below such a name is one. */
const secretNames = /key|token|secret|password|credential|authorization|headers|^env$|^args$|^initialUserMsg$/i;

/** What looks like a provider's token, wherever it comes from. */
const providerTokens = /\b(?:sk|ghp|gho|ghs|github_pat|glpat|xox[abp])[-_][\w-]{8,}/g;

/** What stands in a URL as a credential: in its query, or before its host. */
const urlCredentials = /(?<=[?&][\w-]*(?:key|token|secret|password)=)[^&\s"']+|(?<=:\/\/)[^\s/@"']+(?=@)/gi;

/** The contract takes nothing deeper. */
const deepest = limits.nestingLevels;

/** Shorter values are words of every other sentence. */
const shortestSecret = 6;

/** A long one is hidden piece by piece, as what repeats it may be cut anywhere; and only as far as it can be quoted. */
const pieceCharacters = 100;
const maximumPieces = 1000;

/** The secrets of an input, checked or not, and what becomes of them in JSON and in a URL, so that no failure repeats them. */
export function secretsOf(input: unknown): readonly string[] {
  const { replayJson } = (input ?? {}) as { replayJson?: unknown };
  const replayed = typeof replayJson === 'string' ? [replayedMessage(replayJson)] : [];
  const pieces = [...stringsBelow(input, false, deepest), ...replayed]
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())])
    .flatMap(piecesOf)
    .filter((piece) => piece.length >= shortestSecret);
  // The longest first: one may begin with another.
  return [...new Set(pieces)].sort((one, other) => other.length - one.length);
}

function piecesOf(secret: string): string[] {
  const count = Math.min(Math.ceil(secret.length / pieceCharacters), maximumPieces);
  return Array.from({ length: count }, (_, index) =>
    secret.slice(index * pieceCharacters, (index + 1) * pieceCharacters),
  );
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
    const withoutSecrets = secrets.reduce((text, secret) => text.replaceAll(secret, hidden), value);
    return withoutSecrets.replace(providerTokens, hidden).replace(urlCredentials, hidden);
  }
  if (Array.isArray(value)) return value.map((inner) => redactUnknown(inner, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redactUnknown(inner, secrets)]));
}
