import { createSecretKey } from 'node:crypto';
import type { DataConverter } from '@temporalio/common';
import { dataConverterFor } from '../../codec/data-converter.js';

/** The repository's `test/histories`, seen from where this file is built to. */
export const historiesUrl = new URL('../../../test/histories/', import.meta.url);

/** Each path is recorded in plain and encrypted; the key is that of the tests, and nothing secret. */
export const recordings: readonly { readonly suffix: string; readonly dataConverter?: DataConverter }[] = [
  { suffix: '.json' },
  {
    suffix: '.encrypted.json',
    dataConverter: dataConverterFor(new Map([['test', createSecretKey(Buffer.alloc(32, 'test key'))]])),
  },
];
