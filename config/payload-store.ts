import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FolderStore } from '../codec/folder-store.js';
import type { PayloadStore } from '../codec/payload-store.js';
import { S3Store } from '../codec/s3-store.js';
import { ConfigError, quoted } from './config-error.js';

/**
 * Reads `PAYLOAD_STORE`, the store for replays that are too large for Temporal: `s3://bucket/prefix`, or
 * `file:///folder` for development. Clients and workers must use the same store.
 *
 * @returns `undefined` if it is not set. Such replays are then refused.
 * @throws {@link ConfigError}
 */
export function loadPayloadStore({ PAYLOAD_STORE: text }: NodeJS.ProcessEnv = process.env): PayloadStore | undefined {
  if (!text) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 's3:' && url.host) return new S3Store(url.host, url.pathname.replace(/^\/+|\/+$/g, ''));
  if (url?.protocol === 'file:') return new FolderStore(folderOf(url));
  throw new ConfigError(`PAYLOAD_STORE must be s3://bucket/prefix or file:///folder, but is ${quoted(text)}`);
}

function folderOf(url: URL): string {
  const isFolder = url.host === '' && statSync(url, { throwIfNoEntry: false })?.isDirectory();
  if (!isFolder) throw new ConfigError(`PAYLOAD_STORE is not a folder: create ${url.href}`);
  return fileURLToPath(url);
}
