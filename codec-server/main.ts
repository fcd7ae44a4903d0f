import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { loadCodecServerConfig } from '../config/codec-server.js';
import { oneLine } from '../contract/printing/one-line.js';
import { createCodecServer } from './codec-server.js';

/** `npm run codec-server`: runs until SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const { host, port, token, isNewToken, ...options } = loadCodecServerConfig();
  const server = createCodecServer({ ...options, token }).listen(port, host);
  await once(server, 'listening');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      server.close();
      server.closeIdleConnections();
    });
  }
  const address = server.address() as AddressInfo;
  console.log(`Codec server: sign in at http://${host}:${address.port}${isNewToken ? ` with the token ${token}` : ''}`);
}

main().catch((error: unknown) => {
  console.error(`nested-conversations codec server: ${oneLine(error)}`);
  process.exit(1);
});
