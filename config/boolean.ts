import { ConfigError, quoted } from './config-error.js';

const values: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/**
 * Reads a boolean variable; `undefined` if it is not set. Other values are errors: if a misspelled `TEMPORAL_TLS`
 * counted as off, keys and messages would be sent unencrypted.
 *
 * @throws {@link ConfigError}
 */
export function loadBoolean(env: NodeJS.ProcessEnv, variable: string): boolean | undefined {
  const text = env[variable];
  if (!text) return undefined;
  const value = values.get(text);
  if (value === undefined) throw new ConfigError(`${variable} must be true or false, but is ${quoted(text)}`);
  return value;
}
