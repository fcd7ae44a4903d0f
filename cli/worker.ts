#!/usr/bin/env node
import { tell } from './print.js';

/** `npx nested-conversation-worker`: what only a worker needs is installed by whoever runs one. */
try {
  await import('../worker/main.js');
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  tell(`nested-conversation-worker: ${(error as Error).message.split(' imported from')[0]}: see docs/embedding.md`);
  process.exitCode = 1;
}
