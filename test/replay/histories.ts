import { createSecretKey } from 'node:crypto';
import type { DataConverter } from '@temporalio/common';
import { dataConverterFor } from '../../codec/data-converter.js';

/** The repository's `test/histories`, seen from where this file is built to. */
export const historiesUrl = new URL('../../../test/histories/', import.meta.url);

/** Those that workers of this release recorded: runs of it can be in flight. Removed once none can be. */
export const earlierHistoriesUrl = new URL('0.1.0/', historiesUrl);

export interface Recording {
  readonly suffix: string;
  /** Whether the namespace has them: then a run records its phases. */
  readonly hasSearchAttributes: boolean;
  readonly dataConverter?: DataConverter;
}

/** Each path is recorded in plain and encrypted; the key is that of the tests, and nothing secret. */
export const recordings: readonly Recording[] = [
  { suffix: '.json', hasSearchAttributes: false },
  {
    suffix: '.encrypted.json',
    hasSearchAttributes: true,
    dataConverter: dataConverterFor(new Map([['test', createSecretKey(Buffer.alloc(32, 'test key'))]])),
  },
];
