import { homedir } from 'node:os';
import { join } from 'node:path';

const APPLICATION = 'nested-conversations';

/**
 * Folder that keeps what the development stack downloads, so that it is downloaded once per user.
 *
 * `NESTED_CONVERSATIONS_CACHE` names it outright; otherwise it is `nested-conversations` in `XDG_CACHE_HOME`, or else in
 * the operating system's folder for caches. It need not exist yet.
 */
export function cacheFolder(): string {
  const { NESTED_CONVERSATIONS_CACHE, XDG_CACHE_HOME } = process.env;
  return NESTED_CONVERSATIONS_CACHE || join(XDG_CACHE_HOME || systemCacheFolder(), APPLICATION);
}

function systemCacheFolder(): string {
  switch (process.platform) {
    case 'darwin':
      return join(homedir(), 'Library', 'Caches');
    case 'win32':
      return process.env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local');
    default:
      return join(homedir(), '.cache');
  }
}
