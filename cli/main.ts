#!/usr/bin/env node
import { exitCodeOf } from './exit-codes.js';
import { buildProgram } from './program.js';
import { reportError } from './report-error.js';

buildProgram()
  .parseAsync()
  .catch((error: unknown) => {
    reportError(error);
    process.exitCode = exitCodeOf(error);
  });
