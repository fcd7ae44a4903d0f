import { oneLine } from '../contract/printing/one-line.js';
import { findTemporalCli } from './temporal-binaries.js';

/** `npm run dev:temporal` replaces itself by the `temporal` executable whose path this prints: so its signals arrive. */
try {
  console.log(await findTemporalCli(console.error));
} catch (error) {
  console.error(oneLine(error));
  process.exitCode = 1;
}
