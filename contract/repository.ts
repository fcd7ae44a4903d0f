import type { InputProblem } from './failures.js';
import { keyName } from './key-name.js';
import { limits } from './limits.js';

/**
 * The repository of an agent-server's conversation, and its credentials. An `openhands` server finds both itself, with
 * the tokens it has stored.
 */
export interface Repository {
  /** Without credentials. */
  readonly url: string;
  /** The `Authorization` header for requests to the repository. */
  readonly authorization?: string;
}

/** The settings about the repository. */
export interface RepositorySettings {
  readonly repository?: unknown;
  readonly selectedBranch?: unknown;
  readonly gitProvider?: unknown;
  readonly providerTokens?: unknown;
}

/** The host of each provider, and the user name for its tokens. */
const providers: Readonly<Record<string, { readonly host?: string; readonly user: string }>> = {
  github: { host: 'github.com', user: 'x-access-token' },
  gitlab: { host: 'gitlab.com', user: 'oauth2' },
  bitbucket: { host: 'bitbucket.org', user: 'x-token-auth' },
};

/** The user name for tokens of other providers. The known providers accept any name. */
const anyUser = 'x-access-token';

/** One or more owners, and a name. */
const fullName = /^(?!.*\.\.)[\w.-]+(\/[\w.-]+)+$/;

interface ProviderToken {
  readonly token: string | undefined;
  readonly host: string | undefined;
}

/** The repository in settings that have no {@link repositoryProblems}. */
export function repositoryOf(settings: RepositorySettings): Repository {
  const url = urlOf(settings);
  const provider = providerOf(settings);
  const { token } = tokensOf(settings)[provider ?? ''] ?? {};
  return { url, ...(token && { authorization: authorizationOf(provider, token) }) };
}

/** The problems in the settings about the repository, if there is one. */
export function* repositoryProblems(settings: RepositorySettings): Generator<InputProblem> {
  const { repository, selectedBranch } = settings;
  if (typeof repository !== 'string') return;
  const problem = fullName.test(repository) ? hostProblem(settings) : urlProblem(repository);
  if (problem) yield { field: 'settings.repository', problem };
  if (typeof selectedBranch === 'string' && branchProblem(selectedBranch)) {
    yield { field: 'settings.selectedBranch', problem: 'is not a valid Git branch name' };
  }
  yield* tokenProblems(settings);
  if (!problem && tokenGoesInPlain(settings)) {
    yield {
      field: 'settings.repository',
      problem: 'would send its token over http: use https://',
    };
  }
}

function* tokenProblems(settings: RepositorySettings): Generator<InputProblem> {
  const tokens = tokensOf(settings);
  for (const [provider, { token, host }] of Object.entries(tokens)) {
    const name = keyName(provider);
    if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
      yield { field: `settings.providerTokens.${name}`, problem: 'must be printable ASCII without spaces' };
    }
    if (token !== undefined && token.length > limits.providerTokenCharacters) {
      const problem = `has ${token.length} characters: the maximum is ${limits.providerTokenCharacters}`;
      yield { field: `settings.providerTokens.${name}`, problem };
    }
    if (host !== undefined && urlProblem(withScheme(host))) {
      yield {
        field: `settings.providerTokens.${name}.host`,
        problem: "is not a host name: write it like 'git.example.com'",
      };
    }
  }
  const provider = providerOf(settings);
  if (provider === undefined && Object.keys(tokens).length > 0) {
    yield { field: 'settings.gitProvider', problem: 'is missing: name the provider whose token opens the repository' };
  }
}

/** The provider that the caller names, or the one that follows from the repository's host or from the only token. */
function providerOf(settings: RepositorySettings): string | undefined {
  const { repository, gitProvider } = settings;
  if (typeof gitProvider === 'string' && gitProvider !== '') return gitProvider;
  const tokens = Object.keys(tokensOf(settings));
  if (typeof repository !== 'string' || fullName.test(repository)) {
    return tokens.length > 1 ? undefined : (tokens[0] ?? 'github');
  }
  const host = hostIn(repository);
  return Object.keys({ ...providers, ...tokensOf(settings) }).find(
    (provider) => host !== undefined && hostIn(withScheme(hostOf(settings, provider) ?? '')) === host,
  );
}

function hostProblem(settings: RepositorySettings): string | undefined {
  const provider = providerOf(settings);
  if (provider === undefined || hostOf(settings, provider) !== undefined) return undefined;
  return "is at an unknown host: pass the repository's URL";
}

function hostOf(settings: RepositorySettings, provider: string): string | undefined {
  return tokensOf(settings)[provider]?.host ?? providers[provider]?.host;
}

function urlOf(settings: RepositorySettings): string {
  const repository = String(settings.repository);
  if (!fullName.test(repository)) return repository;
  const host = hostOf(settings, providerOf(settings) ?? '') ?? '';
  return `${withScheme(host).replace(/\/+$/, '')}/${repository}.git`;
}

/** The host with its port; `undefined` if the text is not a URL. */
function hostIn(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

function withScheme(host: string): string {
  return host.includes('://') ? host : `https://${host}`;
}

function urlProblem(url: string): string | undefined {
  if (!/^https?:\/\/[^\s\\]+$/.test(url) || !URL.canParse(url))
    return "must be written like 'owner/name' or 'https://…'";
  const { username, password } = new URL(url);
  if (username || password) return 'contains credentials: pass them as settings.providerTokens';
  return /[?#]/.test(url) ? 'must not have a query or a fragment: remove them' : undefined;
}

function tokenGoesInPlain(settings: RepositorySettings): boolean {
  const { authorization } = repositoryOf(settings);
  if (authorization === undefined || !URL.canParse(urlOf(settings))) return false;
  const { protocol, hostname } = new URL(urlOf(settings));
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Git's rules (`git check-ref-format`), and the name must not be taken for an option. */
function branchProblem(branch: string): boolean {
  return /^[-/.]|\.\.|\/\/|@\{|[\s~^:?*[\\\p{Cc}]|[/.]$|\.lock$/u.test(branch);
}

/** The tokens by provider, as in the settings of `openhands`: `{ github: { token, host } }`, or only the token. */
function tokensOf({ providerTokens }: RepositorySettings): Readonly<Record<string, ProviderToken>> {
  if (typeof providerTokens !== 'object' || providerTokens === null) return {};
  const entries = Object.entries(providerTokens).flatMap(([provider, value]): [string, ProviderToken][] => {
    const { token, host } = typeof value === 'string' ? { token: value, host: undefined } : (value ?? {});
    if (!token && !host) return [];
    return [[provider, { token: textOf(token), host: textOf(host) }]];
  });
  return Object.fromEntries(entries);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A token with a colon already contains a user and a password, as with Bitbucket. */
function authorizationOf(provider: string | undefined, token: string): string {
  const { user = anyUser } = providers[provider ?? ''] ?? {};
  const credentials = token.includes(':') ? token : `${user}:${token}`;
  return `Authorization: Basic ${Buffer.from(credentials).toString('base64')}`;
}
