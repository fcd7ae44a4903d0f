import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Creates a file or folder at `destination` atomically, even if several processes install it at the same time.
 *
 * `install` works in a temporary folder beside the destination. It returns the path, inside that folder, to move to the
 * destination. If another process was faster, its result is kept.
 */
export async function installOnce(
  destination: string,
  install: (temporaryFolder: string) => Promise<string>,
): Promise<void> {
  await mkdir(dirname(destination), { recursive: true });
  // Beside the destination, because a rename is atomic only within one file system.
  const temporaryFolder = await mkdtemp(`${destination}.`);
  try {
    const result = await install(temporaryFolder);
    await rename(result, destination).catch((error: unknown) => {
      if (!existsSync(destination)) throw error;
    });
  } finally {
    await rm(temporaryFolder, { recursive: true, force: true });
  }
}
