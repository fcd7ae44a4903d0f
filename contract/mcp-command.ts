import { shellWords } from './shell-words.js';

/** The arguments of a local MCP server. Like OpenHands, takes them as one command line, too. Undefined if they are neither. */
export function argumentsOf(args: unknown): readonly string[] | undefined {
  if (args == null) return [];
  if (typeof args === 'string') return shellWords(args.trim());
  return Array.isArray(args) && args.every(isText) ? args : undefined;
}

/** The environment of a local MCP server. Like OpenHands, takes `KEY=value,OTHER_KEY=value`, too. Undefined if it is neither. */
export function environmentOf(env: unknown): Readonly<Record<string, string>> | undefined {
  if (env == null) return {};
  if (typeof env === 'string') return variablesIn(env);
  const isObject = typeof env === 'object' && !Array.isArray(env) && Object.values(env).every(isText);
  return isObject ? (env as Record<string, string>) : undefined;
}

/** A value can't contain a comma: OpenHands has no way to escape one. */
function variablesIn(text: string): Readonly<Record<string, string>> | undefined {
  const variables: [name: string, value: string][] = [];
  for (const pair of text.split(',').map((part) => part.trim())) {
    if (pair === '') continue;
    const [, name, value] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
    if (name === undefined || value === undefined || !/^[a-z_][a-z0-9_]*$/i.test(name.trim())) return undefined;
    variables.push([name.trim(), value]);
  }
  return Object.fromEntries(variables);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}
