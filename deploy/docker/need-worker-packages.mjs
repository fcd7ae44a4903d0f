import { readFile, writeFile } from 'node:fs/promises';

/**
 * Makes ordinary dependencies of the optional ones, in the versions that are developed with: an image runs a worker. For
 * `npm install --omit=dev`, which takes the rest from package-lock.json.
 */
const manifest = JSON.parse(await readFile('package.json', 'utf8'));
for (const name of Object.keys(manifest.peerDependenciesMeta)) {
  manifest.dependencies[name] = manifest.devDependencies[name];
  delete manifest.devDependencies[name];
}
await writeFile('package.json', JSON.stringify(manifest));
