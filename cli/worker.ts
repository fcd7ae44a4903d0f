#!/usr/bin/env node
import { howToInstall } from './need-worker-packages.js';
import { tell } from './print.js';

try {
  await import('../worker/main.js');
} catch (error) {
  const command = howToInstall(error);
  if (!command) throw error;
  tell(`nested-conversation-worker: a worker needs more: ${command}`);
  process.exitCode = 1;
}
