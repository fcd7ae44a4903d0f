import { homedir } from 'node:os';
import { join } from 'node:path';

const APPLICATION = 'nested-conversations';

/**
 * The folder for downloads of the development stack, so that each is downloaded once per user.
 *
 * It is `NESTED_CONVERSATIONS_CACHE` if set, else `nested-conversations` in `XDG_CACHE_HOME` or in the operating
 * system's cache folder. It need not exist yet.
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
