import { limits } from '../limits.js';
import { looksLikeToken } from '../token-forms.js';
import { canonical } from './canonical.js';
import { unescaped } from './unescape.js';

/** What must not be repeated, in the form in which it is compared, and what may be, though it is a part of that. */
export interface Secrets {
  readonly hidden: readonly string[];
  readonly harmless: readonly string[];
}

export const noSecrets: Secrets = { hidden: [], harmless: [] };

/**
 * The fields of an input that are no secrets: what a person who looks for a failure has to see. Everything else is one,
 * whatever it is called.
 */
const harmlessFields: ReadonlySet<string> = new Set([
  'apiUrl',
  'sid',
  'userId',
  'server',
  'onFailure',
  'settings.repository',
  'settings.selectedBranch',
  'settings.gitProvider',
  'client.timeout',
  'readiness.interval',
  'readiness.lookTimeout',
  'readiness.readyWhen',
  'preparation.checkoutTimeout',
  'preparation.setupTimeout',
]);

/** What stands beside the caller's fields in the input of a readiness check, and is made of answers and of the sid. */
const ownFields: ReadonlySet<string> = new Set(['goal', 'evidence']);

/** A URL with a user or a password in it, as a repository may be given, with or without its scheme. */
const mayHaveCredentials = (path: string, value: string) => path !== 'userId' && path !== 'sid' && value.includes('@');

/** Computed once for each input, however often something is printed that may repeat it. */
const known = new WeakMap<object, Secrets>();

/** What must not be repeated of an input, checked or not. An activity's input may hold the workflow's. */
export function secretsOf(input: unknown): Secrets {
  if (typeof input !== 'object' || input === null) return collect(input);
  const secrets = known.get(input) ?? collect(input);
  known.set(input, secrets);
  return secrets;
}

function collect(input: unknown): Secrets {
  const hidden = new Set<string>();
  const harmless = new Set<string>();
  // Of what the contract would refuse, too. Not by recursion: what is unchecked may be nested to any depth.
  const rest: [value: unknown, path: string][] = [[input, '']];
  for (let next = rest.pop(); next; next = rest.pop()) {
    const [value, path] = next;
    if (typeof value === 'string') {
      if (harmlessFields.has(path) && !mayHaveCredentials(path, value)) {
        // As requests go there.
        harmless.add(canonical(`${value}${path === 'apiUrl' ? '/api/conversations' : ''}`.slice(0, longestHarmless)));
      } else for (const form of formsOf(value)) hidden.add(form);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        if (path === '' && ownFields.has(key)) continue;
        if (looksLikeToken(key.slice(0, limits.keyCharacters))) hidden.add(canonical(key));
        rest.push([inner, path.length > longestField ? path : path === '' ? key : `${path}.${key}`]);
      }
    }
  }
  return { hidden: [...hidden].filter((form) => form !== ''), harmless: [...harmless] };
}

const longestField = 100;

/** What is longer than the longest of these fields may be is searched no further. */
const longestHarmless = limits.apiUrlCharacters + 100;

/** A text as it is, and as what it stands for, where it is encoded itself: a replay is JSON, a URL may be percent-encoded. */
function formsOf(text: string): string[] {
  const forms = [canonical(text)];
  for (let layer = unescaped(text), count = 0; layer !== undefined && count < 3; layer = unescaped(layer), count++) {
    forms.push(canonical(layer));
  }
  return forms;
}
