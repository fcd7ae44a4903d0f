/** Prints the packages that importing the client loads, and how long that takes. */
import { createRequire } from 'node:module';

const begin = performance.now();
await import('nested-conversations/client');
const milliseconds = performance.now() - begin;
const { cache } = createRequire(import.meta.url);
const packageOf = (path) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
console.log(JSON.stringify({ milliseconds, packages: [...new Set(Object.keys(cache).map(packageOf))] }));
