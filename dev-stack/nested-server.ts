import { parseArgs } from 'node:util';
import { oneLine } from '../contract/printing/one-line.js';
import { OpenHandsStandIn } from './stand-ins/openhands-stand-in.js';

const help = `npm run dev:nested-server                  a stand-in for an OpenHands server, at http://localhost:3000
npm run dev:nested-server -- --port PORT   the same on another port`;

/** `npm run dev:nested-server`: serves until a signal ends it. Like a real one, its agent takes a moment to load. */
try {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '3000' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) console.log(help);
  else {
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new Error(`--port must be a port, not ${values.port}`);
    await OpenHandsStandIn.listen({ port, script: { loadingLooks: 1 } });
    console.log(`A stand-in for an OpenHands server is at http://localhost:${port}`);
  }
} catch (error) {
  console.error(`nested server: ${oneLine(error)}`);
  process.exitCode = 1;
}
