import { readFile, writeFile } from 'node:fs/promises';

/**
 * Turns the optional peer dependencies into dependencies, in the versions that we develop with, since the image runs a
 * worker. For `npm install --omit=dev`, which takes the rest from package-lock.json.
 */
const manifest = JSON.parse(await readFile('package.json', 'utf8'));
for (const name of Object.keys(manifest.peerDependenciesMeta)) {
  manifest.dependencies[name] = manifest.devDependencies[name];
  delete manifest.devDependencies[name];
}
await writeFile('package.json', JSON.stringify(manifest));
