import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PayloadStore } from './payload-store.js';

/** A folder that clients and workers share, for development. */
export class FolderStore implements PayloadStore {
  readonly url: string;

  constructor(private readonly folder: string) {
    this.url = pathToFileURL(folder).href;
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.folder, key);
    // Renamed after it is complete, so that nobody reads a part of it. Only this user can read it, since it may not be
    // encrypted.
    const part = `${path}.part`;
    try {
      await writeFile(part, bytes, { mode: 0o600 });
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }

  async read(key: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return readFile(join(this.folder, key), { signal }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
  }
}
