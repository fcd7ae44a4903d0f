#!/usr/bin/env node

/** Packages that only workers need, and that clients don't install. */
const packages = '@temporalio/worker @temporalio/activity @temporalio/workflow';

try {
  await import('./main.js');
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(`nested-conversation-worker: a worker needs more: npm install ${packages}`);
  process.exitCode = 1;
}
