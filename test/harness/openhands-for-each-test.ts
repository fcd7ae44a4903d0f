import { afterEach, beforeEach } from 'node:test';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';

/**
 * A new stand-in for each test of the file that imports this. It exists when the file's own `beforeEach` hooks run.
 * Importers always see the current one: an import is a live view of this variable.
 */
export let server: OpenHandsStandIn;

beforeEach(async () => {
  server = await OpenHandsStandIn.listen();
});
afterEach(() => server.close());
