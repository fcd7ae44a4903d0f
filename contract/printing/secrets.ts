import { limits } from '../limits.js';
import { looksLikeToken } from '../token-forms.js';
import { whyUndecodable } from '../unreadable.js';
import { comparedForms, spacedForm } from './canonical.js';
import { unescaped } from './unescape.js';

/** Characters that a text and a secret have to have in common. White space is none. */
export const partCharacters = 8;

/** A secret that is shorter than such a part is hidden where all of it is there; a shorter one is a word like others. */
const shortestSecret = 6;

/** What must not be repeated, in the forms in which it is compared, and what may be, though it is a part of that. */
export interface Secrets {
  /** What has such parts. */
  readonly long: readonly string[];
  /** What has none, and is hidden as a whole, by its length. */
  readonly short: ReadonlyMap<number, ReadonlySet<string>>;
  readonly harmless: readonly string[];
}

export const noSecrets: Secrets = { long: [], short: new Map(), harmless: [] };

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
  // Where the input can't be read, this says why, and is ours.
  if (whyUndecodable(input) !== undefined) return noSecrets;
  const secrets = new SecretForms();
  const harmless = new Set<string>();
  // Of what the contract would refuse, too. Not by recursion: what is unchecked may be nested to any depth.
  const rest: [value: unknown, path: string][] = [[input, '']];
  for (let next = rest.pop(); next; next = rest.pop()) {
    const [value, path] = next;
    if (typeof value === 'string') {
      if (harmlessFields.has(path) && !mayHaveCredentials(path, value)) {
        // As requests go there.
        const told = `${value}${path === 'apiUrl' ? '/api/conversations' : ''}`.slice(0, longestHarmless);
        for (const form of formsOfWords(told)) harmless.add(form);
      } else secrets.addDecoded(value);
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

/** What is longer than the longest of these fields may be is searched no further. */
const longestHarmless = limits.apiUrlCharacters + 100;

/** How often a secret is decoded: a replay is JSON, a URL may be percent-encoded. */
const layers = 3;

/** Secrets in all their forms, each of them once. */
class SecretForms {
  readonly #long = new Set<string>();
  readonly #short = new Map<number, Set<string>>();

  /** A text, as it is and as what it stands for where it is encoded itself. */
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
      // Of one of few letters, the white space between them counts.
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

/** A long text in the forms in which its parts are searched for. */
export function formsOfSecret(text: string): readonly string[] {
  const forms = new SecretForms();
  forms.addDecoded(text);
  return forms.collected([]).long;
}

/** Words that may be told, in all forms in which a secret can have them. */
export function formsOfWords(words: string): string[] {
  return [...comparedForms(words), spacedForm(words)];
}
