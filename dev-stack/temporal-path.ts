import { oneLine } from '../contract/printing/one-line.js';
import { findTemporalCli } from './temporal-binaries.js';

/**
 * `npm run dev:temporal` replaces itself with the `temporal` executable at this path, so that it receives the signals.
 */
try {
  console.log(await findTemporalCli(console.error));
} catch (error) {
  console.error(oneLine(error));
  process.exitCode = 1;
}
