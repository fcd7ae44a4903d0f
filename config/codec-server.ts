import { randomBytes } from 'node:crypto';
import type { DataConverter } from '@temporalio/common';
import { dataConverterFor } from '../codec/data-converter.js';
import { ConfigError } from './config-error.js';
import { loadEncryptionKeys } from './encryption-keys.js';

export interface CodecServerConfig {
  readonly host: string;
  readonly port: number;
  readonly origins: readonly string[];
  readonly token: string;
  /** Whether the token was generated, so that the user must be told. */
  readonly isNewToken: boolean;
  readonly dataConverter: DataConverter;
}

/** In characters. Shorter tokens can be guessed. */
const shortestToken = 16;

/**
 * Reads the codec server's settings:
 *
 * - the encryption keys: see {@link loadEncryptionKeys}
 * - `CODEC_SERVER_HOST` (default `127.0.0.1`) and `CODEC_SERVER_PORT` (default 8081)
 * - `CODEC_SERVER_TOKEN` (default: a new one each time)
 * - `CODEC_SERVER_ORIGINS`: the origins of the Web UIs, separated by commas (default: those of a dev server on this
 *   machine, as `localhost` and `127.0.0.1`)
 *
 * @throws {@link ConfigError}
 */
export function loadCodecServerConfig(env: NodeJS.ProcessEnv = process.env): CodecServerConfig {
  const keys = loadEncryptionKeys(env);
  if (keys.size === 0) {
    throw new ConfigError(
      'there is no key to decrypt with: set PAYLOAD_ENCRYPTION_KEYS or PAYLOAD_ENCRYPTION_KEYS_FILE',
    );
  }
  const port = Number(env.CODEC_SERVER_PORT || 8081);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigError(`CODEC_SERVER_PORT must be a port, but is '${env.CODEC_SERVER_PORT}'`);
  }
  const { CODEC_SERVER_TOKEN: token } = env;
  if (token && token.length < shortestToken) {
    throw new ConfigError(`CODEC_SERVER_TOKEN must have at least ${shortestToken} characters`);
  }
  const origins = env.CODEC_SERVER_ORIGINS || 'http://localhost:8233,http://127.0.0.1:8233';
  return {
    host: env.CODEC_SERVER_HOST || '127.0.0.1',
    port,
    origins: origins.split(',').map(originOf),
    token: token || randomBytes(24).toString('base64url'),
    isNewToken: !token,
    dataConverter: dataConverterFor(keys),
  };
}

function originOf(text: string): string {
  const origin = text.trim();
  if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw new ConfigError(
      `CODEC_SERVER_ORIGINS must hold origins such as http://localhost:8233, and holds '${origin}'`,
    );
  }
  return origin;
}
