import { mkdir, rm, writeFile } from 'node:fs/promises';
import { schemas, schemasUrl } from './schemas.js';

/** `npm run schema`: writes `docs/schema/`. */

await rm(schemasUrl, { recursive: true, force: true });
await mkdir(schemasUrl);
for (const [file, schema] of schemas)
  await writeFile(new URL(file, schemasUrl), `${JSON.stringify(schema, null, 2)}\n`);
