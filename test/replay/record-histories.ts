import { readdir, rm, writeFile } from 'node:fs/promises';
import type { PayloadCodec } from '@temporalio/common';
import { registerSearchAttributes } from '../../client/search-attributes.js';
import { historyToJSON } from '../harness/sdk-internals.js';
import { startDevServer } from '../harness/temporal.js';
import { historiesUrl, recordings } from './histories.js';
import { paths, walk } from './paths.js';

/** `npm run histories:record`: walks every path on a dev server and saves the resulting histories. */

/** Removes what identifies this machine: identities contain its name, stack traces the path of this checkout. */
function anonymous(name: string, value: unknown): unknown {
  if (name === 'identity') return 'recorded';
  return /^stack_?trace$/i.test(name) && typeof value === 'string' ? value.split('\n')[0] : value;
}

/** The same for payloads that are then encrypted. */
const anonymousPayloads: PayloadCodec = {
  encode: async (payloads) =>
    payloads.map((payload) => {
      const value: unknown = JSON.parse(Buffer.from(payload.data ?? []).toString() || 'null');
      return { ...payload, data: Buffer.from(JSON.stringify(value, anonymous)) };
    }),
  decode: async (payloads) => payloads,
};

const recorded = (await readdir(historiesUrl)).filter((name) => name.endsWith('.json'));
for (const file of recorded) await rm(new URL(file, historiesUrl));
for (const { suffix, hasSearchAttributes, dataConverter } of recordings) {
  const payloadCodecs = [anonymousPayloads, ...(dataConverter?.payloadCodecs ?? [])];
  const temporal = await startDevServer({ dataConverter: { ...dataConverter, payloadCodecs } });
  if (hasSearchAttributes) await registerSearchAttributes(temporal.env.client);
  await Promise.all(
    paths.map(async (path) => {
      const workflowId = await walk(path, temporal);
      const history = await temporal.env.client.workflow.getHandle(workflowId).fetchHistory();
      const json = JSON.stringify(JSON.parse(historyToJSON(history)), anonymous, 2);
      await writeFile(new URL(path.name + suffix, historiesUrl), `${json}\n`);
    }),
  );
  await temporal.stop();
}
console.log(`${paths.length} paths, recorded ${recordings.length} times each`);
