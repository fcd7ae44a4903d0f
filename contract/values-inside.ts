import { limits } from './limits.js';
import { argumentsOf, environmentOf } from './mcp-command.js';

/**
 * The values that are inside a text in this field, such as the password in a URL. A server may repeat each of them
 * alone, and a short one can't be recognized by a part of the text.
 */
export function valuesInside(field: string, text: string): readonly string[] {
  if (prose.has(field)) return [];
  return listIn(field, text)?.flatMap((value) => [value, ...valuesOf(value)]) ?? valuesOf(text);
}

/** Texts for an agent. Their words must stay readable elsewhere. */
const prose: ReadonlySet<string> = new Set(['content', 'conversationInstructions', 'system_message_suffix']);

/** The items of a list that is written as one text; `undefined` for any other text. */
function listIn(field: string, text: string): readonly string[] | undefined {
  switch (field.toLowerCase()) {
    case 'args':
      return argumentsOf(text);
    case 'env':
      return Object.values(environmentOf(text) ?? {});
    case 'authorization':
      return [text, text.replace(/^\S+\s+/, '')];
    case 'cookie':
      return text.split(';').map((cookie) => cookie.slice(cookie.indexOf('=') + 1).trim());
    default:
      return undefined;
  }
}

/** No header, argument or URL with a short secret is longer, in characters. */
const longest = limits.apiUrlCharacters;

function valuesOf(text: string): readonly string[] {
  if (text.length > longest) return [];
  const option = optionIn(text);
  return [...option, ...credentialsIn(text), ...[text, ...option].flatMap(valuesOfUrl)];
}

/** The value of an argument such as `--token=…`, `TOKEN=…` or `X-Api-Key: …`. */
function optionIn(argument: string): readonly string[] {
  return /^-{0,2}[\w-]+(?:=|:\s+)(.*)$/s.exec(argument)?.slice(1) ?? [];
}

/** What follows `Bearer` or `Basic`. In `Basic`, the user and the password are in base64. */
function credentialsIn(text: string): readonly string[] {
  return [...text.matchAll(/(?:^|[:=]\s*)(Bearer|Basic)\s+(\S+)/gi)].flatMap(([, scheme = '', credentials = '']) =>
    scheme.toLowerCase() === 'basic'
      ? [credentials, ...userAndPassword(Buffer.from(credentials, 'base64').toString())]
      : [credentials],
  );
}

function userAndPassword(credentials: string): readonly string[] {
  return /^([^:]*):(.*)$/s.exec(credentials)?.slice(1) ?? [];
}

/** The user, the password, the query's values and the fragment of a URL. Parsing all of it takes more than linear time. */
function valuesOfUrl(text: string): readonly string[] {
  const [, user = '', password = '', query = '', fragment = ''] = urlWithSecrets.exec(text) ?? [];
  return [user, password, ...new URLSearchParams(query).values(), fragment];
}

const urlWithSecrets = /^[a-z][\w+.-]*:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/is;
