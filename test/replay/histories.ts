import { createSecretKey } from 'node:crypto';
import type { DataConverter } from '@temporalio/common';
import { dataConverterFor } from '../../codec/data-converter.js';

/** The repository's `test/histories`, relative to the built file. */
export const historiesUrl = new URL('../../../test/histories/', import.meta.url);

/** Recorded by workers of this release, whose runs may still be in flight. Removed once none can be. */
export const earlierHistoriesUrl = new URL('0.1.0/', historiesUrl);

export interface Recording {
  readonly suffix: string;
  /** Whether the namespace has them. Then a run records its phases. */
  readonly hasSearchAttributes: boolean;
  readonly dataConverter?: DataConverter;
}

/** Each path is recorded in plain and encrypted. The key is for tests only and is not a secret. */
export const recordings: readonly Recording[] = [
  { suffix: '.json', hasSearchAttributes: false },
  {
    suffix: '.encrypted.json',
    hasSearchAttributes: true,
    dataConverter: dataConverterFor(new Map([['test', createSecretKey(Buffer.alloc(32, 'test key'))]])),
  },
];
