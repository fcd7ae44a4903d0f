import { limits } from '../limits.js';
import { looksLikeToken } from '../token-forms.js';
import { whyUndecodable } from '../unreadable.js';
import { valuesInside } from '../values-inside.js';
import { comparedForms, spacedForm } from './canonical.js';
import { unescaped } from './unescape.js';

/** Number of characters that a text and a secret must share for that part to be hidden. White space does not count. */
export const partCharacters = 8;

/**
 * A secret shorter than {@link partCharacters} is hidden only as a whole. One shorter than this is not hidden: it can't
 * be told from an ordinary word.
 */
const shortestSecret = 6;

/**
 * The texts to hide, in the forms in which they are compared, and the texts that may appear although a secret contains
 * them.
 */
export interface Secrets {
  /** Secrets that are long enough to be searched by parts. */
  readonly long: readonly string[];
  /** Shorter secrets, which are hidden as a whole, by their length. */
  readonly short: ReadonlyMap<number, ReadonlySet<string>>;
  readonly harmless: readonly string[];
}

export const noSecrets: Secrets = { long: [], short: new Map(), harmless: [] };

/**
 * The fields that are not secret, because a person who investigates a failure needs them. Every other field is secret,
 * including fields with unknown names.
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

/**
 * Fields of a readiness check's input that are not the caller's. They are made from the server's answers and the sid.
 */
const ownFields: ReadonlySet<string> = new Set(['goal', 'evidence']);

/** A URL may contain a user or a password, with or without its scheme. A repository may be given as such a URL. */
const mayHaveCredentials = (path: string, value: string) => path !== 'userId' && path !== 'sid' && value.includes('@');

/** The secrets of each input are computed once. */
const known = new WeakMap<object, Secrets>();

/** The secrets of an input, validated or not. It may be an activity's input that contains the workflow's. */
export function secretsOf(input: unknown): Secrets {
  if (typeof input !== 'object' || input === null) return collect(input);
  const secrets = known.get(input) ?? collect(input);
  known.set(input, secrets);
  return secrets;
}

function collect(input: unknown): Secrets {
  // This value replaces an unreadable input and explains why. It is our own text.
  if (whyUndecodable(input) !== undefined) return noSecrets;
  const secrets = new SecretForms();
  const harmless = new Set<string>();
  // Includes fields that the contract rejects. Not recursive: an input that is not validated can be nested to any
  // depth.
  const rest: [value: unknown, path: string][] = [[input, '']];
  for (let next = rest.pop(); next; next = rest.pop()) {
    const [value, path] = next;
    if (typeof value === 'string') {
      if (harmlessFields.has(path) && !mayHaveCredentials(path, value)) {
        // The address that requests use.
        const told = `${value}${path === 'apiUrl' ? '/api/conversations' : ''}`.slice(0, longestHarmless);
        for (const form of formsOfWords(told)) harmless.add(form);
      } else {
        for (const text of [value, ...valuesInside(path.slice(path.lastIndexOf('.') + 1), value)]) {
          secrets.addDecoded(text);
        }
      }
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        if (path === '' && ownFields.has(key)) continue;
        if (looksLikeToken(key.slice(0, limits.keyCharacters))) secrets.add(key);
        rest.push([inner, path.length > longestField ? path : path === '' ? key : `${path}.${key}`]);
      }
    }
  }
  return secrets.collected([...harmless]);
}

const longestField = 100;

/** Longer values are cut: no harmless field may be this long. */
const longestHarmless = limits.apiUrlCharacters + 100;

/** The number of layers to decode: a replay is JSON, a URL may be percent-encoded. */
const layers = 3;

/** Collects the forms of secrets, without duplicates. */
class SecretForms {
  readonly #long = new Set<string>();
  readonly #short = new Map<number, Set<string>>();

  /** Adds the text, and its decoded forms if it is encoded. */
  addDecoded(text: string): void {
    this.add(text);
    for (let layer = unescaped(text), count = 0; layer !== undefined && count < layers; count++) {
      this.add(layer);
      layer = unescaped(layer);
    }
  }

  add(text: string): void {
    const forms = comparedForms(text);
    if (forms.every(({ length }) => length < partCharacters)) {
      // In a text with few letters, the white space between them counts.
      for (const form of [...forms, spacedForm(text.trim())]) this.#addShort(form);
    } else {
      for (const form of forms)
        if (form.length < partCharacters) this.#addShort(form);
        else this.#long.add(form);
    }
  }

  #addShort(form: string): void {
    if (form.length < shortestSecret) return;
    this.#short.set(form.length, (this.#short.get(form.length) ?? new Set()).add(form));
  }

  collected(harmless: readonly string[]): Secrets {
    return { long: [...this.#long], short: this.#short, harmless };
  }
}

/** The forms in which parts of a long text are searched for. */
export function formsOfSecret(text: string): readonly string[] {
  const forms = new SecretForms();
  forms.addDecoded(text);
  return forms.collected([]).long;
}

/** The forms in which a secret may contain these words. */
export function formsOfWords(words: string): string[] {
  return [...comparedForms(words), spacedForm(words)];
}
