import { ConfigError, quoted } from './config-error.js';

const values: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/**
 * A variable that is on or off; `undefined` where it is not set. Anything else is refused: read as "off", a misspelled
 * `TEMPORAL_TLS` would send keys and messages in the clear.
 *
 * @throws {@link ConfigError}
 */
export function loadBoolean(env: NodeJS.ProcessEnv, variable: string): boolean | undefined {
  const text = env[variable];
  if (!text) return undefined;
  const value = values.get(text);
  if (value === undefined) throw new ConfigError(`${variable} must be true or false, and is ${quoted(text)}`);
  return value;
}
