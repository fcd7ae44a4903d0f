#!/usr/bin/env node
import { exitCodeOf, reportError } from './exit-codes.js';
import { buildProgram } from './program.js';

buildProgram()
  .parseAsync()
  .catch((error: unknown) => {
    reportError(error);
    process.exitCode = exitCodeOf(error);
  });
