import { after } from 'node:test';
import { OpenHandsStandIn, type OpenHandsStandInOptions } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import type { Temporal } from './temporal.js';

/** What all tests of a file share. Awaited at the file's top level, it exists from the first test to the last. */

/** @param starting - `startDevServer()` or `startTimeSkipping()` */
export async function temporalForFile(starting: Promise<Temporal>): Promise<Temporal> {
  const temporal = await starting;
  after(() => temporal.stop());
  return temporal;
}

export async function standInForFile(options?: OpenHandsStandInOptions): Promise<OpenHandsStandIn> {
  const server = await OpenHandsStandIn.listen(options);
  after(() => server.close());
  return server;
}
