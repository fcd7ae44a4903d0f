import { createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { EncryptionKeys } from '../codec/encryption-codec.js';
import { ConfigError } from './config-error.js';

/**
 * Reads the encryption keys for payloads from `PAYLOAD_ENCRYPTION_KEYS`, or from the file in
 * `PAYLOAD_ENCRYPTION_KEYS_FILE`. The format is `id:base64` for each key of 32 bytes, separated by commas or white
 * space. The first key encrypts; all of them decrypt, so that an old key can be kept while payloads encrypted with it
 * exist.
 *
 * @returns No keys if neither variable is set.
 * @throws {@link ConfigError}, which never contains a key
 */
export function loadEncryptionKeys(env: NodeJS.ProcessEnv = process.env): EncryptionKeys {
  const { PAYLOAD_ENCRYPTION_KEYS: text, PAYLOAD_ENCRYPTION_KEYS_FILE: file } = env;
  if (text && file)
    throw new ConfigError('PAYLOAD_ENCRYPTION_KEYS and PAYLOAD_ENCRYPTION_KEYS_FILE are both set: unset one');
  if (file) return parseKeys(readKeys(file), 'PAYLOAD_ENCRYPTION_KEYS_FILE');
  return text ? parseKeys(text, 'PAYLOAD_ENCRYPTION_KEYS') : new Map();
}

function readKeys(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // The original message contains the path, which may be a key in the wrong variable.
    throw new ConfigError(`PAYLOAD_ENCRYPTION_KEYS_FILE can't be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** 32 bytes in base64: 43 characters and one padding character. */
const key = /^([\w.-]+):([A-Za-z\d+/]{43}=)$/;

function parseKeys(text: string, variable: string): EncryptionKeys {
  const keys = new Map<string, KeyObject>();
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== '');
  if (entries.length === 0) throw new ConfigError(`${variable} contains no key: write id:base64`);
  for (const [index, entry] of entries.entries()) {
    const [, id, base64] = key.exec(entry) ?? [];
    if (id === undefined || base64 === undefined) {
      const form = "an id and 32 bytes as 'openssl rand -base64 32' prints them, with a colon between";
      throw new ConfigError(`${variable}: entry ${index + 1} must be id:base64, ${form}`);
    }
    if (keys.has(id)) throw new ConfigError(`${variable}: id '${id}' is used for two keys: give each key its own id`);
    keys.set(id, createSecretKey(base64, 'base64'));
  }
  return keys;
}
